import { ApiError } from '../errors/api-error.ts';
import type { SearchQuery } from './query.ts';
import type { ReadEmbedder, ReadSettings } from './settings-view.ts';

/** Bounds of the factor in `X-Miroir-Over-Fetch`. */
export const maxOverFetch = 50;

/** The factor of the header `X-Miroir-Over-Fetch`; null when it is not sent. Throws when it is no whole number within bounds. */
export function overFetchFactor(header: string | undefined): number | null {
  if (header === undefined) return null;
  const factor = /^\s*\d{1,3}\s*$/.test(header) ? Number(header) : 0;
  if (factor >= 1 && factor <= maxOverFetch) return factor;
  throw new ApiError(
    'bad_request',
    `Invalid value of header \`X-Miroir-Over-Fetch\`: expected a whole number from 1 to ${maxOverFetch}, found \`${header}\`.`,
  );
}

/** Hits that each node is asked for when vectors rank. `reach` is offset plus limit; `factor` null means the default. */
export function semanticReach(
  reach: number,
  { factor, least, maxTotalHits }: { factor: number | null; least: number; maxTotalHits: number },
): number {
  if (reach === 0) return 0;
  return Math.min(maxTotalHits, factor === null ? Math.max(reach, least) : reach * factor);
}

/** A search in which vectors rank, alone or together with words. */
export interface VectorSearch {
  embedder: string;
  /** 1: vectors alone. */
  semanticRatio: number;
  /** Whether the text (or media) has to be turned into a vector. */
  needsVector: boolean;
  /** Whether there is nothing that could turn it into one, so that words alone answer. */
  impossible: boolean;
}

const isBlank = (q: string | null) => (q ?? '').trim() === '';
const hasMedia = ({ media }: SearchQuery) => media !== null && media !== undefined;

/**
 * What part vectors play in a search; null when it is none (reference, 7.1). It is also null where a node refuses the
 * search (an unknown embedder, a vector of another size, nothing to embed a text with), since its refusal is the answer.
 */
export function vectorSearch(query: SearchQuery, settings: ReadSettings): VectorSearch | null {
  const { q, vector, hybrid } = query;
  if (hybrid === null || hybrid.semanticRatio === 0) return null;
  const embedder = settings.embedder(hybrid.embedder);
  if (embedder === null || (vector !== null && !fits(vector, embedder))) return null;
  if (isBlank(q) && vector === null && !hasMedia(query)) return null;
  const needsVector = vector === null;
  const impossible = needsVector && embedder.userProvided && !hasMedia(query);
  const semanticRatio = isBlank(q) ? 1 : hybrid.semanticRatio;
  if (impossible && semanticRatio === 1) return null;
  return { embedder: hybrid.embedder, semanticRatio, needsVector, impossible };
}

function fits(vector: readonly number[], { dimensions }: ReadEmbedder): boolean {
  return dimensions === null || vector.length === dimensions;
}

/** The query that has a node turn text or media into a vector and do nothing else. */
export function embeddingQuery(query: SearchQuery, { embedder }: VectorSearch): SearchQuery {
  return {
    ...query,
    hybrid: { embedder, semanticRatio: 1 },
    offset: 0,
    limit: 0,
    page: null,
    hitsPerPage: null,
    attributesToRetrieve: [],
    attributesToCrop: null,
    attributesToHighlight: null,
    facets: null,
    sort: null,
    distinct: null,
  };
}

/** The query of the words alone. */
export function keywordQuery(query: SearchQuery): SearchQuery {
  return { ...query, vector: null, media: null, hybrid: null };
}

/**
 * As near to 1 as a ratio can be: a node then still looks for the words, and marks them in the hits, while every hit
 * that has a vector stands before those of the words.
 */
const nearlyOne = 1 - 2 ** -24;

const showsWords = (query: SearchQuery): boolean =>
  query.attributesToHighlight !== null || query.attributesToCrop !== null || query.showMatchesPosition;

/** The query of the vectors alone; in a hybrid search its hits show the words that the keyword search found. */
export function semanticQuery(query: SearchQuery, search: VectorSearch, vector: number[]): SearchQuery {
  const mixed = search.semanticRatio < 1 && showsWords(query);
  return {
    ...query,
    vector,
    media: null,
    hybrid: { embedder: search.embedder, semanticRatio: mixed ? nearlyOne : 1 },
  };
}

/** Whether clients who ask for vectors see them. Measured on 1.21: all but those of an index that lists them as displayed. */
export function vectorsVisible(settings: ReadSettings): boolean {
  return settings.displayed === null || !settings.displayed.includes('_vectors');
}
