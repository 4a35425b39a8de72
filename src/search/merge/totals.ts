import type { SearchQuery } from '../query.ts';

/** The part of the hits that a client wants to see, cut to what the index allows. */
export interface Window {
  /** `page` and `hitsPerPage` instead of `offset` and `limit`. */
  paged: boolean;
  offset: number;
  limit: number;
  /** Hits that every node has to give so that the window can be filled: offset + limit. */
  reach: number;
}

/** Page and its size when the client asked by page. */
export function pageOf(query: SearchQuery): { page: number; hitsPerPage: number } | null {
  if (query.page === null && query.hitsPerPage === null) return null;
  return { page: query.page ?? 1, hitsPerPage: query.hitsPerPage ?? 20 };
}

/** The window of a search; `pagination.maxTotalHits` bounds how far it reaches. */
export function windowOf(query: SearchQuery, maxTotalHits: number): Window {
  const paged = pageOf(query);
  const asked =
    paged === null
      ? { offset: query.offset, limit: query.limit }
      : { offset: Math.max(0, paged.page - 1) * paged.hitsPerPage, limit: paged.page === 0 ? 0 : paged.hitsPerPage };
  const offset = Math.min(asked.offset, maxTotalHits);
  const limit = Math.min(asked.limit, maxTotalHits - offset);
  return { paged: paged !== null, offset, limit, reach: limit === 0 ? 0 : offset + limit };
}

/** The members of the answer that tell about totals and pages, as JSON text. `total` is the sum over the nodes. */
export function totalsJson(query: SearchQuery, window: Window, total: number, maxTotalHits: number): string {
  const capped = Math.min(total, maxTotalHits);
  const paged = pageOf(query);
  if (paged === null) return `"limit":${query.limit},"offset":${window.offset},"estimatedTotalHits":${capped}`;
  const pages = paged.hitsPerPage === 0 ? 0 : Math.ceil(capped / paged.hitsPerPage);
  return `"hitsPerPage":${paged.hitsPerPage},"page":${paged.page},"totalPages":${pages},"totalHits":${capped}`;
}
