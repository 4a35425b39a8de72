import { ApiError } from '../../errors/api-error.ts';
import { compareBytes } from '../merge/order.ts';
import { inside } from '../multi-search.ts';
import type { PlannedSearch } from '../search-round.ts';
import { type VectorSearch, vectorSearch } from '../vector-search.ts';
import { type FacetOrders, settleFacetOrders } from './facets.ts';
import { canonicalRules, type RulesKind } from './ranking-rules.ts';
import type { FederatedQuery, FederatedRequest } from './request.ts';
import { incompatibility, type RankedQuery } from './rule-conflicts.ts';

/** A query of a federated search with all that was decided before any node is asked. */
export interface PreparedQuery extends FederatedQuery {
  position: number;
  search: PlannedSearch;
  vectors: VectorSearch | null;
  /** Refusal because its hits cannot be compared with those of a query before; a node's own refusals may go first. */
  conflict: ApiError | null;
}

/** The queries of one index, at least one. */
export interface PreparedIndex {
  indexUid: string;
  /** Asked for; null for none. */
  facets: readonly string[] | null;
  queries: readonly PreparedQuery[];
}

/** A federated search up to what is known to fail. */
export interface Prepared {
  /** In the order in which one Meilisearch takes them. */
  indexes: readonly PreparedIndex[];
  facetOrders: FacetOrders;
  /** What fails if nothing before it does. */
  failure: unknown;
}

type Plan = (query: FederatedQuery) => PlannedSearch;

/** Queries by index, indexes in the order of their uids. */
function byIndex(queries: readonly FederatedQuery[]): [string, (FederatedQuery & { position: number })[]][] {
  const groups = new Map<string, (FederatedQuery & { position: number })[]>();
  for (const [position, query] of queries.entries()) {
    const group = groups.get(query.indexUid) ?? [];
    groups.set(query.indexUid, group);
    group.push({ ...query, position });
  }
  return [...groups].sort(([a], [b]) => compareBytes(a, b));
}

function rulesKind({ query }: FederatedQuery, vectors: VectorSearch | null): RulesKind {
  if (vectors?.semanticRatio === 1) return 'vector';
  return (query.q ?? '') === '' ? 'placeholder' : 'keyword';
}

/** Compares each query with the one before that has the most rules. */
class Comparison {
  #strictest: RankedQuery | null = null;

  /** Why the query cannot be compared; null when it can, or when a node will refuse it anyway. */
  add(query: FederatedQuery & { position: number }, search: PlannedSearch, vectors: VectorSearch | null) {
    const { position, indexUid } = query;
    const canonical = canonicalRules(search.settings.rankingRules, query.query, rulesKind(query, vectors));
    if (canonical === null) return null;
    const ranked = { ...canonical, position, indexUid };
    const before = this.#strictest;
    const reason = before === null ? null : incompatibility(before, ranked);
    if (before === null || before.rules.length <= ranked.rules.length) this.#strictest = ranked;
    if (reason === null) return null;
    return inside(new ApiError('invalid_multi_search_query_ranking_rules', reason), position) as ApiError;
  }
}

/** Plans all queries, stopping at the first that fails without asking a node. */
export function prepare({ federation, queries }: FederatedRequest, plan: Plan): Prepared {
  const facetOrders: FacetOrders = new Map();
  const comparison = new Comparison();
  const indexes: PreparedIndex[] = [];
  for (const [indexUid, group] of byIndex(queries)) {
    const facets = federation.facetsByIndex.get(indexUid) ?? null;
    const prepared: PreparedQuery[] = [];
    const first = group[0]?.position ?? 0;
    let failing = first;
    try {
      for (const [i, query] of group.entries()) {
        const search = plan(query);
        if (i === 0 && federation.mergeFacets !== null && facets !== null) {
          const orderOf = (facet: string) => search.settings.facetOrder(facet);
          const note = `index \`${indexUid}\` used in \`.queries[${first}]\``;
          settleFacetOrders(facetOrders, { uid: indexUid, facets, orderOf }, note);
        }
        failing = query.position;
        if (query.refusal !== null) throw query.refusal;
        const vectors = vectorSearch(query.query, search.settings);
        const conflict = comparison.add(query, search, vectors);
        prepared.push({ ...query, search, vectors, conflict });
      }
    } catch (error) {
      const failure = isPlaced(error) ? error : inside(error, failing);
      if (prepared.length > 0) indexes.push({ indexUid, facets, queries: prepared });
      return { indexes, facetOrders, failure };
    }
    indexes.push({ indexUid, facets, queries: prepared });
  }
  return { indexes, facetOrders, failure: null };
}

const isPlaced = (error: unknown) => error instanceof ApiError && error.code === 'invalid_multi_search_facet_order';
