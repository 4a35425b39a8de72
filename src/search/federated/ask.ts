import { type ByteText, byteMembers, wholeText } from '../../json/byte-text.ts';
import { rawFields } from '../../json/scan.ts';
import { bytesOfAnswer } from '../../nodes/client.ts';
import type { IndexRecord } from '../../store/records.ts';
import { disguise } from '../disguise.ts';
import { type NodeSearchAnswer, readSearchAnswer } from '../merge/answer.ts';
import { type NodeParameters, nodeSearchParameters } from '../node-request.ts';
import { allShards } from '../plan.ts';
import type { SearchQuery } from '../query.ts';
import type { Scatter, ScatterResult } from '../scatter.ts';
import { type AskNodes, nodeSearchOf } from '../search-round.ts';

/**
 * A node's federated search of one index. Its single search differs from a plain one in that `maxTotalHits` does not bound
 * it, as it does not bound a federated search on one Meilisearch.
 */
function federatedBody(
  physicalUid: string,
  federation: { limit: unknown; facets: unknown },
  queries: readonly NodeParameters[],
): string {
  const { limit, facets } = federation;
  const counted = facets === undefined ? {} : { facetsByIndex: { [physicalUid]: facets }, mergeFacets: {} };
  return JSON.stringify({
    federation: { limit, ...counted },
    queries: queries.map((query) => ({ indexUid: physicalUid, ...query })),
  });
}

/** A node's answer in the parts of a search's; the vector is the one of its only query. */
export function readFederatedAnswer(text: ByteText): NodeSearchAnswer {
  const answer = readSearchAnswer(text, 'processingTimeMs');
  const vectors = byteMembers(text).find(({ key }) => key === 'queryVectors');
  const vector = vectors === undefined ? undefined : rawFields(text, vectors.valueStart).get('0');
  return { ...answer, queryVector: vector ?? null };
}

const path = '/multi-search';

/** Without what a federated search asks for as a whole. */
function bare({ offset: _offset, limit: _limit, facets: _facets, ...query }: NodeParameters): NodeParameters {
  return query;
}

/** `AskNodes` for one query of a federated search. */
export function createAskFederated(scatter: Scatter): AskNodes {
  return (search, round) => {
    const { index, startGroup } = search;
    const parameters = nodeSearchParameters(nodeSearchOf(search, round));
    return scatter({
      index,
      shards: round.shards,
      startGroup,
      build: (own, whole) => {
        const asked = parameters(own, whole);
        const federation = { limit: asked.limit, facets: asked.facets };
        return {
          method: 'POST',
          path,
          body: federatedBody(index.physicalUid, federation, [bare(asked)]),
          asBytes: true,
        };
      },
      read: (answer) => readFederatedAnswer(wholeText(bytesOfAnswer(answer))),
    });
  };
}

/** What several queries of one index found together. */
export interface Candidates {
  index: IndexRecord;
  /** Each with the filter that it is searched with. */
  queries: readonly { query: SearchQuery; filter: unknown }[];
  facets: readonly string[] | null;
  /** Hits up to which nodes look; 0 counts what the queries match, whatever `distinct` and thresholds leave of it. */
  reach: number;
  startGroup: number;
}

/** Counts, on every node, the documents that any of the queries finds, and their facets. */
export type CountCandidates = (candidates: Candidates) => Promise<ScatterResult<NodeSearchAnswer>>;

const nothing = { retrieve: [], formatted: [], displayed: [] };

/** `CountCandidates` over a scatter. */
export function createCountCandidates(scatter: Scatter): CountCandidates {
  return ({ index, queries, facets, reach, startGroup }) => {
    const asked = queries.map(({ query, filter }) =>
      nodeSearchParameters({
        query: { ...query, facets: facets === null ? null : [...facets], showMatchesPosition: false },
        filter,
        attributes: { retrieve: [], highlight: null, crop: null, visible: nothing },
        window: { paged: false, offset: 0, limit: reach, reach },
        extras: [],
        retrieveVectors: false,
        countedFields: [],
      }),
    );
    return scatter({
      index,
      shards: allShards(index),
      startGroup,
      build(own, whole) {
        const each = asked.map((parameters) => parameters(own, whole));
        const federation = { limit: reach, facets: each[0]?.facets };
        return {
          method: 'POST',
          path,
          body: federatedBody(index.physicalUid, federation, each.map(bare)),
          asBytes: true,
        };
      },
      read: (answer) => readFederatedAnswer(wholeText(bytesOfAnswer(answer))),
    });
  };
}

/** Refuses, as a node does, facets of an index that cannot be counted. */
export async function checkFacets(scatter: Scatter, index: IndexRecord, facets: readonly string[]): Promise<void> {
  const body = federatedBody(index.physicalUid, { limit: 0, facets: facets.map(disguise) }, []);
  const request = { method: 'POST', path, body } as const;
  await scatter({ index, shards: [0], startGroup: 0, build: () => request, read: () => null });
}
