import { shardField, shardFilter, versionField } from '../documents/markers.ts';
import type { IndexRecord } from '../store/records.ts';
import type { SearchAttributes } from './attributes.ts';
import { disguise, disguiseFilter } from './disguise.ts';
import type { Window } from './merge/totals.ts';
import type { SearchQuery } from './query.ts';

/** Everything that decides what nodes are asked. */
export interface NodeSearch {
  query: SearchQuery;
  /** The client's filter and the tenant token's as one, in any form that a client may send. */
  filter: unknown;
  attributes: SearchAttributes;
  window: Window;
  /** Fields to fetch for merging. */
  extras: readonly string[];
  retrieveVectors: boolean;
  /** Fields whose facets are needed for merging. */
  countedFields: readonly string[];
}

/** Both filters at once: Meilisearch turns each into a list and joins the lists. */
export function joinFilters(first: unknown, second: unknown): unknown {
  if (first === null || first === undefined) return second ?? null;
  if (second === null || second === undefined) return first;
  const list = (filter: unknown): unknown[] => (Array.isArray(filter) ? filter : [filter]);
  return [...list(first), ...list(second)];
}

/** A name or a value as a filter expression quotes it. */
export function quotedText(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A filter for some shards, and the same as JSON text. */
interface ShardFilter {
  filter: string;
  json: string;
}

const filters = new WeakMap<readonly number[], ShardFilter>();

/** `shardFilter`, written once for a list of shards that comes again: that of thousands is long. */
function filterOf(shards: readonly number[]): ShardFilter {
  const known = filters.get(shards);
  if (known !== undefined) return known;
  const filter = shardFilter(shards);
  const written = { filter, json: JSON.stringify(filter) };
  filters.set(shards, written);
  return written;
}

/**
 * A filter with the shards' own added last: a node that has found nothing by then no longer looks at the rest, and the rest
 * would be the client's mistakes. One of a wrong type is left as it is, for the node to refuse.
 */
export function withShards(filter: unknown, shards: readonly number[]): unknown {
  if (filter === null || filter === undefined) return filterOf(shards).filter;
  if (typeof filter === 'string') return [filter, filterOf(shards).filter];
  return Array.isArray(filter) ? [...filter, filterOf(shards).filter] : filter;
}

/** `withShards` as JSON text. */
function withShardsJson(filter: unknown, shards: readonly number[]): string {
  if (filter === null || filter === undefined) return filterOf(shards).json;
  const list = typeof filter === 'string' ? [filter] : filter;
  if (!Array.isArray(list)) return JSON.stringify(list);
  return `[${[...list.map((one) => JSON.stringify(one)), filterOf(shards).json].join(',')}]`;
}

/** The fields needed for merging: ties are broken by version and primary key, distinct needs its field. */
export function mergeFields(index: IndexRecord, distinct: string | null): string[] {
  return [versionField, index.primaryKey, distinct].filter((field) => field !== null);
}

/** The client's facets and those needed for merging; the shards' counts tell how many documents were found. */
function facetsFor(facets: readonly string[] | null, countedFields: readonly string[]): string[] | null {
  if (facets === null && countedFields.length === 0) return null;
  const asked = (facets ?? []).map(disguise);
  if (asked.includes('*')) return asked;
  return [...new Set([...asked, ...countedFields, shardField])];
}

/** How many hits a node has to give, in the client's own mode: only pages are counted exhaustively. */
function reachParameters({ paged }: Window, reach: number): NodeParameters {
  return paged ? { page: 1, hitsPerPage: reach } : { offset: 0, limit: reach };
}

function present(parameters: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name in parameters) {
    const value = parameters[name];
    if (value !== null && value !== undefined) found[name] = value;
  }
  return found;
}

function commonParameters({ query, attributes, extras, retrieveVectors, countedFields }: NodeSearch) {
  const retrieve = attributes.retrieve === null ? null : [...new Set([...attributes.retrieve, ...extras])];
  return present({
    q: query.q,
    vector: query.vector,
    media: query.media,
    hybrid: query.hybrid,
    attributesToRetrieve: retrieve,
    retrieveVectors,
    attributesToCrop: attributes.crop,
    cropLength: query.cropLength,
    attributesToHighlight: attributes.highlight,
    showMatchesPosition: query.showMatchesPosition,
    showRankingScore: query.showRankingScore,
    showRankingScoreDetails: true,
    sort: query.sort?.map(disguise),
    distinct: query.distinct === null ? null : disguise(query.distinct),
    facets: facetsFor(query.facets, countedFields),
    highlightPreTag: query.highlightPreTag,
    highlightPostTag: query.highlightPostTag,
    cropMarker: query.cropMarker,
    matchingStrategy: query.matchingStrategy,
    attributesToSearchOn: query.attributesToSearchOn?.map(disguise),
    rankingScoreThreshold: query.rankingScoreThreshold,
    locales: query.locales,
  });
}

/** What a node is asked, as an object. */
export type NodeParameters = Record<string, unknown>;

/**
 * Makes the parameters for a node out of the shards it is asked for; `whole` means that it holds no others, `reach` is the
 * number of hits it has to give when these are not those of the whole window.
 */
export function nodeSearchParameters(
  search: NodeSearch,
): (shards: readonly number[], whole: boolean, reach?: number) => NodeParameters {
  const common = commonParameters(search);
  const own = ownParameters(search);
  return (...asked) => ({ ...common, ...own(...asked) });
}

/** The parameters that differ between nodes. */
function ownParameters({ filter, window }: NodeSearch) {
  const disguised = disguiseFilter(filter);
  return (shards: readonly number[], whole: boolean, reach = window.reach): NodeParameters => {
    const parameters = reachParameters(window, reach);
    const own = whole ? disguised : withShards(disguised, shards);
    if (own !== null && own !== undefined) parameters.filter = own;
    return parameters;
  };
}

/** `nodeSearchParameters` as the body of a search; what all nodes are asked alike is written once. */
export function nodeSearchBody(
  search: NodeSearch,
): (shards: readonly number[], whole: boolean, reach?: number) => string {
  const { filter, window } = search;
  const common = JSON.stringify(commonParameters(search)).slice(0, -1);
  const disguised = disguiseFilter(filter);
  return (shards, whole, reach = window.reach) => {
    const places = JSON.stringify(reachParameters(window, reach)).slice(1, -1);
    const own = whole ? JSON.stringify(disguised ?? null) : withShardsJson(disguised, shards);
    return `${common},${places}${own === 'null' ? '' : `,"filter":${own}`}}`;
  };
}
