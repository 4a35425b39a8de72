/** A filter as clients send it: an expression, or an array that is ANDed and whose inner arrays are ORed. */
export type Filter = string | readonly (string | readonly string[])[];

/** The parameters of one search, validated, defaults filled in. One type for POST, GET and the queries of multi-search. */
export interface SearchQuery {
  q: string | null;
  vector: number[] | null;
  media: unknown;
  hybrid: { embedder: string; semanticRatio: number } | null;
  offset: number;
  limit: number;
  page: number | null;
  hitsPerPage: number | null;
  attributesToRetrieve: string[] | null;
  retrieveVectors: boolean;
  attributesToCrop: string[] | null;
  cropLength: number;
  attributesToHighlight: string[] | null;
  showMatchesPosition: boolean;
  showRankingScore: boolean;
  showRankingScoreDetails: boolean;
  filter: unknown;
  sort: string[] | null;
  distinct: string | null;
  facets: string[] | null;
  highlightPreTag: string;
  highlightPostTag: string;
  cropMarker: string;
  matchingStrategy: 'last' | 'all' | 'frequency';
  attributesToSearchOn: string[] | null;
  rankingScoreThreshold: number | null;
  locales: string[] | null;
}

/** The parameters of `GET /documents` and `POST /documents/fetch`, validated, defaults filled in. */
export interface DocumentsQuery {
  offset: number;
  limit: number;
  /** null: all fields. */
  fields: string[] | null;
  retrieveVectors: boolean;
  filter: unknown;
  ids: string[] | null;
  sort: string[] | null;
}

/** The parameters of `POST /indexes/{uid}/facet-search`, validated; null where absent. */
export interface FacetSearchQuery {
  facetName: string;
  facetQuery: string | null;
  q: string | null;
  vector: number[] | null;
  media: unknown;
  hybrid: { embedder: string; semanticRatio: number } | null;
  filter: unknown;
  matchingStrategy: 'last' | 'all' | 'frequency';
  attributesToSearchOn: string[] | null;
  rankingScoreThreshold: number | null;
  locales: string[] | null;
  exhaustiveFacetCount: boolean | null;
}

/** The parameters of `/indexes/{uid}/similar`, validated, defaults filled in. */
export interface SimilarQuery {
  /** As text, whether it was sent as a number or not. */
  id: string;
  offset: number;
  limit: number;
  filter: unknown;
  embedder: string;
  /** null: all. */
  attributesToRetrieve: string[] | null;
  retrieveVectors: boolean;
  showRankingScore: boolean;
  showRankingScoreDetails: boolean;
  rankingScoreThreshold: number | null;
}
