import { shardField } from '../../documents/markers.ts';
import { ApiError } from '../../errors/api-error.ts';
import type { FoundByVectors, HybridFind } from '../hybrid.ts';
import { mergedHits, type NodeSearchAnswer, totalOf } from '../merge/answer.ts';
import { askedOrders, type FacetsJson, mergeFacets, type Spellings } from '../merge/facets.ts';
import { hitRanking, hitScore, hitVersion, type NodeHit, rawField } from '../merge/hit.ts';
import type { RankedHit } from '../merge/ranked-hit.ts';
import { runInOrder } from '../multi-search.ts';
import type { SearchQuery } from '../query.ts';
import { type AskNodes, answersOf, firstRound, mergeOptions, type PlannedSearch } from '../search-round.ts';
import { findSpellings } from '../spelling.ts';
import { type Counted, countThinned, isThinned } from '../thinned.ts';
import { keywordQuery } from '../vector-search.ts';
import type { CountCandidates } from './ask.ts';
import { type FederatedHit, mergeQueries } from './merge.ts';
import type { PreparedIndex, PreparedQuery } from './prepare.ts';
import { weightedValues } from './weighted-values.ts';

/** What the queries of one index found. */
export interface IndexResult {
  indexUid: string;
  hits: readonly FederatedHit[];
  total: number;
  /** As the index's settings order and cut them; null when not asked for. */
  facets: FacetsJson | null;
  /** Vectors that were searched for, as JSON text, by the positions of the queries that show them. */
  vectors: ReadonlyMap<number, string>;
  missing: readonly number[];
}

/** What one query found. */
interface QueryResult {
  query: PreparedQuery;
  ranked: readonly RankedHit[];
  answers: readonly NodeSearchAnswer[];
  /** Whether vectors had a part in it. */
  byVectors: boolean;
  vector: string | null;
  missing: readonly number[];
}

/** How the nodes are asked. */
export interface IndexSearchOptions {
  ask: AskNodes;
  find: HybridFind;
  count: CountCandidates;
}

/** Searches all queries of one index; `overFetch` as in the header. */
export type SearchIndex = (index: PreparedIndex, reach: number, overFetch: number | null) => Promise<IndexResult>;

const localPosition = /(?<=^Inside `\.queries\[)\d+(?=\]`: )|(?<=used in `\.queries\[)\d+(?=\]`$)/g;

/** A node's refusal with its positions turned into the client's; `positions` are those of the queries that it was sent. */
function renumbered(error: unknown, positions: readonly number[]): unknown {
  if (!(error instanceof ApiError)) return error;
  const message = error.message.replace(localPosition, (local) => String(positions[Number(local)] ?? local));
  return new ApiError(error.code, message, { status: error.status, headers: { ...error.headers }, cause: error });
}

/** Refusals that a server makes before it compares the ranking rules of queries. */
function comesBeforeRules({ code, message }: ApiError): boolean {
  if (code === 'invalid_search_sort') return !message.includes(' is not sortable. ');
  return ['invalid_search_embedder', 'invalid_vector_dimensions', 'feature_not_enabled'].includes(code);
}

function rankedHit(hit: NodeHit, { index }: PlannedSearch): RankedHit {
  const id = index.primaryKey === null ? '' : rawField(hit, index.primaryKey);
  return { hit, ranking: hitRanking(hit), version: hitVersion(hit), id };
}

function federatedHits({ query, ranked }: QueryResult): FederatedHit[] {
  const { search, weight, position, indexUid } = query;
  const { view } = mergeOptions({ ...search, query: query.query });
  return ranked.map(({ hit, ranking, id }) => {
    const score = hitScore(hit) ?? 1;
    const semantic = ranking.some(({ name }) => name === 'vectorSort');
    const values = weightedValues(ranking, score, weight);
    return { hit, id, indexUid, position, semantic, view, values, score: score * weight };
  });
}

/** The query that finds the same documents: with vectors these are all that the filter passes. */
function counting({ query, byVectors }: QueryResult): { query: SearchQuery; filter: unknown } {
  const { filter } = query.search;
  const words = keywordQuery(query.query);
  return { query: byVectors ? { ...words, q: ' ' } : words, filter };
}

/** Builds the search of one index's queries. */
export function createIndexSearch({ ask, find, count }: IndexSearchOptions): SearchIndex {
  async function searchWords(query: PreparedQuery): Promise<QueryResult> {
    const round = await ask(query.search, firstRound(query.search));
    const answers = answersOf(round);
    const ranked = mergedHits(answers, mergeOptions(query.search));
    return { query, ranked, answers, byVectors: false, vector: null, missing: round.missing };
  }

  function foundByVectors(query: PreparedQuery, { merged, byVectors, rounds }: FoundByVectors): QueryResult {
    return {
      query,
      ranked: merged.hits.map((hit) => rankedHit(hit, query.search)),
      answers: merged.answers,
      byVectors,
      vector: merged.semantic?.queryVector ?? null,
      missing: rounds.flatMap((round) => round.missing),
    };
  }

  async function searchQuery(query: PreparedQuery, overFetch: number | null): Promise<QueryResult> {
    const { search, vectors, conflict, position } = query;
    try {
      const result =
        vectors === null ? await searchWords(query) : foundByVectors(query, await find(search, vectors, overFetch));
      if (conflict !== null) throw conflict;
      return result;
    } catch (error) {
      if (conflict !== null && !(error instanceof ApiError && comesBeforeRules(error))) throw conflict;
      throw renumbered(error, [position]);
    }
  }

  /** The only query's own totals and facets. */
  async function countOne({ query, ranked, answers, byVectors }: QueryResult): Promise<Counted> {
    const { search } = query;
    const counted = byVectors ? null : await countThinned(ask, search, ranked, answers);
    if (counted !== null) return counted;
    const facets = answers.flatMap((answer) => answer.facets ?? []);
    return { total: totalOf(answers, facets, ranked.length, search), facets };
  }

  /**
   * Documents that any of several queries finds, counted by the nodes. With `distinct` or thresholds that is exact when
   * the hits are all there are, else an upper bound.
   */
  async function countAll(index: PreparedIndex, results: readonly QueryResult[], reach: number): Promise<Counted> {
    const thinned = results.some(({ query }) => isThinned(query.search));
    const { search } = (results[0] as QueryResult).query;
    const round = await count({
      index: search.index,
      queries: results.map(counting),
      facets: index.facets,
      reach: thinned ? reach : 0,
      startGroup: search.startGroup,
    });
    const answers = answersOf(round);
    const facets = answers.flatMap((answer) => answer.facets ?? []);
    const complete = results.every(({ query, ranked }) => isThinned(query.search) && ranked.length < reach);
    const found = new Set(results.flatMap(({ ranked }) => ranked.map(({ id }) => id)));
    return { total: complete ? found.size : answers.reduce((sum, { total }) => sum + total, 0), facets };
  }

  return async (index, reach, overFetch) => {
    const { indexUid, queries } = index;
    const one = queries.length === 1;
    const results = await runInOrder(
      queries.map((query) => () => searchQuery(one ? withFacets(query, index.facets) : query, overFetch)),
    );
    const first = results[0] as QueryResult;
    const positions = queries.map(({ position }) => position);
    const counted = await (one ? countOne(first) : countAll(index, results, reach)).catch((error) => {
      throw renumbered(error, positions);
    });
    const shown = results.flatMap(({ query, vector }) => (vector === null ? [] : [[query.position, vector] as const]));
    const spellings = one ? await findSpellings(ask, first.query.search, first.answers) : undefined;
    return {
      indexUid,
      hits: mergeQueries(results.map(federatedHits), reach),
      total: counted.total,
      facets: index.facets === null ? null : cutFacets({ ...counted, spellings }, index.facets, first.query.search),
      vectors: new Map(shown),
      missing: results.flatMap(({ missing }) => missing),
    };
  };
}

function withFacets(query: PreparedQuery, facets: readonly string[] | null): PreparedQuery {
  if (facets === null) return query;
  const { search } = query;
  const asked = facets.filter((facet) => facet !== '*');
  const extras = isThinned(search) ? [...search.extras, ...asked] : search.extras;
  return { ...query, search: { ...search, extras, query: { ...search.query, facets: [...facets] } } };
}

function cutFacets(
  { facets, total, spellings }: Counted & { spellings: Spellings | undefined },
  asked: readonly string[],
  { settings }: PlannedSearch,
): FacetsJson {
  return mergeFacets(facets, {
    maxValues: settings.maxValuesPerFacet,
    order: askedOrders(asked, settings.facetOrder),
    candidates: total,
    hidden: new Set([shardField]),
    ...(spellings === undefined ? {} : { spellings }),
  });
}
