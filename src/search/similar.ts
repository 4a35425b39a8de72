import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer, SearchService } from '../http/services.ts';
import { bufferOfAll, bytesOf, separated } from '../json/byte-text.ts';
import { members, rawFields } from '../json/scan.ts';
import { bytesOfAnswer } from '../nodes/client.ts';
import { shardOf } from '../placement/hash.ts';
import type { IndexRecord } from '../store/records.ts';
import { searchAttributes } from './attributes.ts';
import { narrowedShards } from './filter/shards.ts';
import { type NodeSearchAnswer, readSearchAnswer } from './merge/answer.ts';
import { hitsFirst } from './merge/ranked-hit.ts';
import { joinFilters, mergeFields } from './node-request.ts';
import { allShards } from './plan.ts';
import type { SimilarQuery } from './query.ts';
import type { Scatter, ScatterResult } from './scatter.ts';
import type { ReadEmbedder, ReadSettings } from './settings-view.ts';
import { mergeSimilar, type SimilarView } from './similar-merge.ts';
import { homeBody, neighboursBody, type SimilarRequest } from './similar-request.ts';
import { semanticReach, vectorsVisible } from './vector-search.ts';
import { visibleIndex } from './visible-index.ts';

/** What looking for similar documents is built from. */
export interface SimilarOptions {
  catalog: { visible(uid: string): IndexRecord | null };
  scatter: Scatter;
  readSettings: (index: IndexRecord) => ReadSettings;
  /** Hits that each node is asked for at least. */
  least: number;
}

/** Vectors of a document that are searched for at the same time. */
const roundsAtOnce = 4;

/** The embeddings of a document by one embedder, out of its `_vectors`. */
function embeddingsOf(document: string, embedder: string): number[][] {
  const entry = rawFields(rawFields(document).get('_vectors') ?? '{}').get(embedder);
  if (entry === undefined) return [];
  const { embeddings } = JSON.parse(entry) as { embeddings?: number[][] };
  return embeddings ?? [];
}

/** Search under a document's vector shows only one part of its own embeddings' order; see `similar-merge.ts`. */
function comparesPairs({ userProvided, plain }: ReadEmbedder): boolean {
  return userProvided && plain;
}

/**
 * Documents like one (reference, 7.4). The shard that holds the document is asked for them as a client would; the others,
 * which do not know it, are searched for its vectors.
 */
export function createSimilarSearch({
  catalog,
  scatter,
  readSettings,
  least,
}: SimilarOptions): SearchService['similar'] {
  /** The document's vectors; empty when it is unknown, which the home shard's own refusal reports. */
  async function vectorsOf(index: IndexRecord, query: SimilarQuery, home: number): Promise<number[][]> {
    const { answers } = await scatter({
      index,
      shards: [home],
      startGroup: home,
      build: () => ({
        method: 'GET',
        path: `/indexes/${index.physicalUid}/documents/${encodeURIComponent(query.id)}?fields=${encodeURIComponent(index.primaryKey ?? '')}&retrieveVectors=true`,
      }),
      read: ({ text }) => {
        members(text);
        return embeddingsOf(text, query.embedder);
      },
      absent: { code: 'document_not_found', value: [] },
    });
    return answers[0]?.value ?? [];
  }

  const askHome = (request: SimilarRequest, home: number) =>
    scatter({
      index: request.index,
      shards: [home],
      startGroup: home,
      build: (shards) => ({
        method: 'POST',
        path: `/indexes/${request.index.physicalUid}/similar`,
        body: homeBody(request, shards),
        asBytes: true,
      }),
      read: (answer) => readSearchAnswer(bytesOfAnswer(answer), 'id'),
    });

  const askOthers = (request: SimilarRequest, others: readonly number[], vector: readonly number[] | null) =>
    scatter({
      index: request.index,
      shards: others,
      startGroup: shardOf(request.query.id, request.index.shards),
      build: (shards) => ({
        method: 'POST',
        path: `/indexes/${request.index.physicalUid}/search`,
        body: neighboursBody(request, shards, vector),
        asBytes: true,
      }),
      read: (answer) => readSearchAnswer(bytesOfAnswer(answer)),
    });

  /** The other shards' hits, one round for each of the document's vectors; one without hits when there is none. */
  async function rounds(request: SimilarRequest, others: readonly number[], vectors: readonly number[][]) {
    if (others.length === 0) return [];
    if (vectors.length === 0) return [await askOthers(request, others, null)];
    const found: ScatterResult<NodeSearchAnswer>[] = [];
    for (let start = 0; start < vectors.length; start += roundsAtOnce) {
      const some = vectors.slice(start, start + roundsAtOnce);
      found.push(...(await Promise.all(some.map((vector) => askOthers(request, others, vector)))));
    }
    return found;
  }

  return async (indexUid, query, caller, { overFetch = null } = {}): Promise<ReadAnswer<Buffer>> => {
    const started = performance.now();
    const index = visibleIndex(catalog, indexUid);
    const settings = readSettings(index);
    const embedder = settings.embedder(query.embedder);
    if (embedder === null) {
      throw new ApiError('invalid_similar_embedder', `Cannot find embedder with name \`${query.embedder}\`.`);
    }
    const { attributesToRetrieve } = query;
    const attributes = searchAttributes(
      { attributesToRetrieve, attributesToHighlight: null, attributesToCrop: null },
      settings.displayed,
    );
    const wanted = query.offset + query.limit;
    const view: SimilarView = {
      query,
      visible: attributes.visible,
      extras: mergeFields(index, null),
      showVectors: query.retrieveVectors && vectorsVisible(settings),
      primaryKey: index.primaryKey,
      maxTotalHits: settings.maxTotalHits,
    };
    const request: SimilarRequest = {
      index,
      settings,
      query,
      filter: joinFilters(query.filter, caller.tenantFilter(indexUid)),
      retrieve: attributes.retrieve === null ? null : [...new Set([...attributes.retrieve, ...view.extras])],
      retrieveVectors: view.showVectors || comparesPairs(embedder),
      reach: semanticReach(wanted, { factor: overFetch, least, maxTotalHits: Number.POSITIVE_INFINITY }),
    };
    const home = shardOf(query.id, index.shards);
    const [own, vectors] = await Promise.all([askHome(request, home), vectorsOf(index, query, home)]);
    const others = (narrowedShards(request.filter, index) ?? allShards(index)).filter((shard) => shard !== home);
    const found = await rounds(request, others, vectors);
    const merged = mergeSimilar(
      { home: answers(own), others: found.map(answers), vectors: comparesPairs(embedder) ? vectors : [] },
      view,
    );
    const missing = new Set([own, ...found].flatMap((round) => round.missing));
    const elapsedMs = Math.round(performance.now() - started);
    return {
      json: bufferOfAll([
        bytesOf(hitsFirst),
        ...separated(merged.hits),
        bytesOf(`],"id":${JSON.stringify(query.id)},"processingTimeMs":${elapsedMs},"limit":${query.limit}`),
        bytesOf(`,"offset":${query.offset},"estimatedTotalHits":${merged.total}}`),
      ]),
      missingShards: [...missing].sort((a, b) => a - b),
      settingsVersion: index.settingsVersion,
    };
  };
}

const answers = (round: ScatterResult<NodeSearchAnswer>): NodeSearchAnswer[] => round.answers.map(({ value }) => value);
