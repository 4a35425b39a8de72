import { ApiError } from '../../errors/api-error.ts';
import type { ReadAnswer, VectorOptions } from '../../http/services.ts';
import type { Caller } from '../../keys/caller.ts';
import type { IndexRecord } from '../../store/records.ts';
import { createHybridFind } from '../hybrid.ts';
import { compareBytes } from '../merge/order.ts';
import { runInOrder } from '../multi-search.ts';
import type { SearchQuery } from '../query.ts';
import type { Scatter } from '../scatter.ts';
import type { PlannedSearch } from '../search-round.ts';
import type { ReadSettings } from '../settings-view.ts';
import { visibleIndex } from '../visible-index.ts';
import { writeFederatedAnswer } from './answer.ts';
import { checkFacets, createAskFederated, createCountCandidates } from './ask.ts';
import { type FacetOrders, settleFacetOrders } from './facets.ts';
import { createIndexSearch, type IndexResult } from './index-search.ts';
import { prepare } from './prepare.ts';
import type { FederatedRequest, Federation } from './request.ts';

/** What federated search is built from. */
export interface FederatedOptions {
  catalog: { visible(uid: string): IndexRecord | null };
  scatter: Scatter;
  readSettings(index: IndexRecord): ReadSettings;
  plan(indexUid: string, query: SearchQuery, caller: Caller): PlannedSearch;
  /** Hits that each node is asked for at least when vectors rank. */
  least: number;
}

/** Answers a federated search. */
export type FederatedSearch = (
  request: FederatedRequest,
  caller: Caller,
  options?: VectorOptions,
) => Promise<ReadAnswer<Buffer>>;

/**
 * Builds federated search. Each query is searched over all its shards as a search of its own, then the lists are merged as
 * one Meilisearch merges those of its queries: first per index, then over the indexes.
 */
export function createFederatedSearch({
  catalog,
  scatter,
  readSettings,
  plan,
  least,
}: FederatedOptions): FederatedSearch {
  const ask = createAskFederated(scatter);
  const searchIndex = createIndexSearch({
    ask,
    find: createHybridFind(ask, least),
    count: createCountCandidates(scatter),
  });

  /** Facets of indexes that no query searches are only checked. */
  async function checkUnused(
    { facetsByIndex, mergeFacets }: Federation,
    used: ReadonlySet<string>,
    orders: FacetOrders,
  ) {
    const unused = [...facetsByIndex].filter(([uid]) => !used.has(uid)).sort(([a], [b]) => compareBytes(a, b));
    for (const [uid, facets] of unused) {
      const note = `index \`${uid}\` is not used in queries`;
      const index = foundForFacets(catalog, uid, note);
      if (facets === null) continue;
      const { facetOrder } = readSettings(index);
      if (mergeFacets !== null) settleFacetOrders(orders, { uid, facets, orderOf: facetOrder }, note);
      await checkFacets(scatter, index, facets);
    }
  }

  return async (request, caller, { overFetch = null } = {}) => {
    const started = performance.now();
    const { federation } = request;
    const reach = federation.limit + federation.offset;
    const prepared = prepare(request, ({ indexUid, query }) => {
      const search = plan(indexUid, { ...query, showRankingScore: true }, caller);
      const window = { paged: false, offset: 0, limit: reach, reach };
      const settings = { ...search.settings, maxTotalHits: Number.POSITIVE_INFINITY };
      return { ...search, window, settings, countedDistinct: null };
    });
    const results: IndexResult[] = await runInOrder(
      prepared.indexes.map((index) => () => searchIndex(index, reach, overFetch)),
    );
    if (prepared.failure !== null) throw prepared.failure;
    const used = new Set(request.queries.map(({ indexUid }) => indexUid));
    await checkUnused(federation, used, prepared.facetOrders);
    const missing = new Set(results.flatMap((result) => result.missing));
    return {
      json: writeFederatedAnswer(results, {
        request,
        facetOrders: prepared.facetOrders,
        semantic: prepared.indexes.some(({ queries }) => queries.some(({ vectors }) => vectors !== null)),
        elapsedMs: performance.now() - started,
      }),
      missingShards: [...missing].sort((a, b) => a - b),
    };
  };
}

function foundForFacets(catalog: FederatedOptions['catalog'], uid: string, note: string): IndexRecord {
  try {
    return visibleIndex(catalog, uid);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const message = `Inside \`.federation.facetsByIndex.${uid}\`: ${error.message}\n - Note: ${note}`;
    throw new ApiError(error.code, message, { status: 400 });
  }
}
