import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer } from '../http/services.ts';
import { isGoodEnough, mayBeGoodEnough, mergeHybrid } from './hybrid-merge.ts';
import { type MergedSearch, mergedHits, type NodeSearchAnswer, writeSearchAnswer } from './merge/answer.ts';
import { distinctFilter } from './merge/distinct.ts';
import type { ScatterResult } from './scatter.ts';
import { type AskNodes, answersOf, firstRound, mergeOptions, type PlannedSearch } from './search-round.ts';
import { embeddingQuery, keywordQuery, semanticQuery, semanticReach, type VectorSearch } from './vector-search.ts';

type Gathered = ScatterResult<NodeSearchAnswer>;

const isEmbeddingError = (error: unknown) => error instanceof ApiError && error.code === 'vector_embedding_error';

/** What a search with vectors found, ready to be written or to be merged with other searches. */
export interface FoundByVectors {
  /** The search, with `countedDistinct` as the answers allow it. */
  search: PlannedSearch;
  merged: MergedSearch;
  /** Whether vectors had a part in it; false when the words alone were enough. */
  byVectors: boolean;
  rounds: readonly Gathered[];
}

/** The whole answer: the text, and what no round could reach. */
function finish({ search, merged, rounds }: FoundByVectors): ReadAnswer<Buffer> {
  const missing = new Set(rounds.flatMap((round) => round.missing));
  return {
    json: writeSearchAnswer(merged, mergeOptions(search)),
    missingShards: [...missing].sort((a, b) => a - b),
    settingsVersion: search.index.settingsVersion,
  };
}

/** Hits of the words with their scores, which the client need not have asked for. */
function keywordHits(search: PlannedSearch, words: Gathered) {
  const options = mergeOptions(search);
  return mergedHits(answersOf(words), { ...options, view: { ...options.view, fetchedScore: true } });
}

/** Hits of the vectors; where a node looked for words as well, those that only words have found are not among them. */
function semanticHits(search: PlannedSearch, found: Gathered) {
  return mergedHits(answersOf(found), mergeOptions(search), ({ ranking }) =>
    ranking.some(({ name }) => name === 'vectorSort'),
  );
}

/** The vector as clients see it. */
function shownVector({ retrieveVectors }: PlannedSearch, found: Gathered): string | null {
  return retrieveVectors ? (answersOf(found)[0]?.queryVector ?? null) : null;
}

function wordsAlone(search: PlannedSearch, words: Gathered): FoundByVectors {
  const hits = keywordHits(search, words).map(({ hit }) => hit);
  const merged = { hits, answers: answersOf(words), semantic: { hitCount: 0, queryVector: null } };
  return { search, merged, byVectors: false, rounds: [words] };
}

function vectorsAlone(search: PlannedSearch, found: Gathered): FoundByVectors {
  const hits = mergedHits(answersOf(found), mergeOptions(search)).map(({ hit }) => hit);
  const hitCount = Math.max(0, hits.length - search.window.offset);
  const semantic = { hitCount, queryVector: shownVector(search, found) };
  return { search, merged: { hits, answers: answersOf(found), semantic }, byVectors: true, rounds: [found] };
}

/** Both lists made one. Facets and totals are those of the vectors, whose candidates are all that pass the filter. */
function mixed(search: PlannedSearch, words: Gathered, found: Gathered, semanticRatio: number): FoundByVectors {
  const { distinct, window } = search;
  const keep = distinct === null ? () => true : distinctFilter(distinct);
  const merged = mergeHybrid(semanticHits(search, found), keywordHits(search, words), {
    semanticRatio,
    reach: window.reach,
    keep,
  });
  const hitCount = merged.slice(window.offset).filter((hit) => hit.semantic).length;
  const hits = merged.map(({ hit }) => hit);
  const semantic = { hitCount, queryVector: shownVector(search, found) };
  return {
    search: { ...search, countedDistinct: null },
    merged: { hits, answers: answersOf(found), semantic },
    byVectors: true,
    rounds: [words, found],
  };
}

/** Runs a search in which vectors rank; `factor` is how many times as many hits as needed each node is asked for. */
export type HybridFind = (
  search: PlannedSearch,
  vectors: VectorSearch,
  factor: number | null,
) => Promise<FoundByVectors>;

/** As `HybridFind`, answered to the client. */
export type HybridSearch = (...of: Parameters<HybridFind>) => Promise<ReadAnswer<Buffer>>;

/** Builds the answering of searches with vectors. */
export function createHybridSearch(ask: AskNodes, least: number): HybridSearch {
  const find = createHybridFind(ask, least);
  return async (...of) => finish(await find(...of));
}

/**
 * Searches with vectors (reference, 7.3): the words and the vectors are asked of all shards separately and each merged
 * over all of them, then the two lists become one by the server's own rule. A text is turned into a vector once, by one
 * node. `least` is the number of hits that each node is asked for at least when vectors rank.
 */
export function createHybridFind(ask: AskNodes, least: number): HybridFind {
  async function embedOn(search: PlannedSearch, vectors: VectorSearch, shard: number): Promise<number[]> {
    const round = await ask(search, {
      query: embeddingQuery(search.query, vectors),
      reach: 0,
      countedDistinct: null,
      retrieveVectors: true,
      shards: [shard],
    });
    const vector = answersOf(round)[0]?.queryVector ?? null;
    if (vector === null) throw new ApiError('internal', 'A node did not tell the vector that it searched for.');
    return JSON.parse(vector) as number[];
  }

  /** The vector to search for; throws the node's error when its embedder gives none. */
  async function embed(search: PlannedSearch, vectors: VectorSearch): Promise<number[]> {
    if (search.query.vector !== null) return search.query.vector;
    const { shards } = search.index;
    for (let i = 0; i < shards - 1; i++) {
      try {
        return await embedOn(search, vectors, (search.startGroup + i) % shards);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'miroir_shard_unavailable') throw error;
      }
    }
    return embedOn(search, vectors, (search.startGroup + shards - 1) % shards);
  }

  async function askVectors(search: PlannedSearch, vectors: VectorSearch, factor: number | null): Promise<Gathered> {
    const vector = await embed(search, vectors);
    const { maxTotalHits } = search.settings;
    const reach = semanticReach(search.window.reach, { factor, least, maxTotalHits });
    const query = semanticQuery(search.query, vectors, vector);
    return ask(search, { ...firstRound(search), query, reach, countedDistinct: null });
  }

  /** As `askVectors`, but null when a text could not be embedded: then the words alone answer. */
  async function tryVectors(search: PlannedSearch, vectors: VectorSearch, factor: number | null) {
    if (vectors.impossible) return null;
    try {
      return await askVectors(search, vectors, factor);
    } catch (error) {
      if (isEmbeddingError(error)) return null;
      throw error;
    }
  }

  function askWords(search: PlannedSearch): Promise<Gathered> {
    const query = { ...keywordQuery(search.query), showRankingScore: true };
    return ask(search, { ...firstRound(search), query });
  }

  return async (search, vectors, factor) => {
    const { semanticRatio } = vectors;
    if (semanticRatio === 1) {
      return vectorsAlone({ ...search, countedDistinct: null }, await askVectors(search, vectors, factor));
    }
    const { reach } = search.window;
    const combine = (words: Gathered, found: Gathered | null) =>
      found === null ? wordsAlone(search, words) : mixed(search, words, found, semanticRatio);
    if (reach > 0 && !mayBeGoodEnough(semanticRatio)) {
      return combine(...(await Promise.all([askWords(search), tryVectors(search, vectors, factor)])));
    }
    const words = await askWords(search);
    if (isGoodEnough(keywordHits(search, words), reach, semanticRatio)) return wordsAlone(search, words);
    return combine(words, await tryVectors(search, vectors, factor));
  };
}
