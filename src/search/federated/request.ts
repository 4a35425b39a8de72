import type { SearchQuery } from '../query.ts';

/** How the answers to the queries of a federated search become one list. */
export interface Federation {
  limit: number;
  offset: number;
  /** Facets to count per index, over what its queries found together; null asks for none. */
  facetsByIndex: ReadonlyMap<string, readonly string[] | null>;
  /** Whether the facets of all indexes become one distribution; null: they stay apart. */
  mergeFacets: { maxValuesPerFacet: number | null } | null;
}

/** One query of a federated search. */
export interface FederatedQuery {
  indexUid: string;
  query: SearchQuery;
  /** What its scores are multiplied by. */
  weight: number;
  /** What is wrong with it that a server tells once it has found the index. */
  refusal: unknown;
}

/** A federated search, validated; a query's position in the list is how hits and errors name it. */
export interface FederatedRequest {
  federation: Federation;
  queries: readonly FederatedQuery[];
}
