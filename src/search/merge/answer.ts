import { shardField } from '../../documents/markers.ts';
import { type Bytes, bufferOfAll, bytesOf, cut, separated, textOf } from '../../json/byte-text.ts';
import { findMembers } from '../../json/scan.ts';
import type { SearchQuery } from '../query.ts';
import type { ReadSettings } from '../settings-view.ts';
import { distinctFilter } from './distinct.ts';
import { askedOrders, countValues, mergeFacets, type NodeFacets, type Spellings, sumCounts } from './facets.ts';
import { type HitView, type NodeHit, renderHit } from './hit.ts';
import { mergeSources, type Source } from './kway.ts';
import { compareHits, hitSource, hitsFirst, type RankedHit } from './ranked-hit.ts';
import { totalsJson, type Window } from './totals.ts';

/** A node's search answer, cut into its parts. */
export interface NodeSearchAnswer {
  bytes: Bytes;
  /** Hits that the node was asked for. */
  reach: number;
  total: number;
  facets: NodeFacets | null;
  /** The vector that was searched for, as the node wrote it; null when it did not say. */
  queryVector: string | null;
}

/**
 * Where the member behind the hits begins: found from the end, as most of an answer are hits, of which many are never looked
 * at. In no place after it can the same characters follow each other: no other array stands before a member of that name.
 */
function behindHits(bytes: Bytes, next: string): number {
  const at = bytes.lastIndexOf(`],"${next}":`);
  if (at === -1 || cut(bytes, 0, hitsFirst.length) !== hitsFirst) throw new SyntaxError('no search answer');
  return at;
}

/** What is read of an answer besides its hits. */
interface AnswerRest {
  totalHits?: number;
  estimatedTotalHits?: number;
  hitsPerPage?: number;
  limit?: number;
  facetDistribution?: NodeFacets['distribution'];
  facetStats?: NodeFacets['stats'];
  queryVector?: readonly number[];
}

/** The vector of an answer's rest as it is written. */
function rawQueryVector(rest: string): string | null {
  const [place] = findMembers(rest, 0, ['"queryVector"']).places;
  return place === null || place === undefined ? null : rest.slice(place.valueStart, place.valueEnd);
}

/** Cut a node's 200 answer into parts; throws when it is no search answer. `next`: the member that follows the hits. */
export function readSearchAnswer(bytes: Bytes, next = 'query'): NodeSearchAnswer {
  const rest = textOf(`{${cut(bytes, behindHits(bytes, next) + 2)}`);
  const read = JSON.parse(rest) as AnswerRest;
  const total = read.totalHits ?? read.estimatedTotalHits;
  const reach = read.hitsPerPage ?? read.limit;
  if (typeof total !== 'number' || typeof reach !== 'number') throw new SyntaxError('no search answer');
  const { facetDistribution: distribution, facetStats: stats = {} } = read;
  return {
    bytes,
    reach,
    total,
    facets: distribution === undefined ? null : { distribution, stats },
    queryVector: read.queryVector === undefined ? null : rawQueryVector(rest),
  };
}

/** What is needed to make one answer out of the nodes' answers. */
export interface MergeOptions {
  query: SearchQuery;
  window: Window;
  settings: ReadSettings;
  view: HitView;
  primaryKey: string | null;
  /** Field of which each value may occur once; null when any may. */
  distinct: string | null;
  /** The distinct field when the nodes were asked for its facets, so that the total can be told exactly. */
  countedDistinct: string | null;
  /** Milliseconds shown as `processingTimeMs`. */
  elapsedMs: number;
}

/** The source's hits that `accept` takes. */
function filtered(source: Source<RankedHit>, accept: (hit: RankedHit) => boolean): Source<RankedHit> {
  return {
    isCut: () => source.isCut?.() ?? false,
    next() {
      let hit = source.next();
      while (hit !== null && !accept(hit)) hit = source.next();
      return hit;
    },
  };
}

type HitOptions = Pick<MergeOptions, 'window' | 'view' | 'distinct' | 'primaryKey'>;

function mergeHits(sources: readonly Source<RankedHit>[], { window, distinct }: HitOptions): RankedHit[] {
  const keep = distinct === null ? () => true : distinctFilter(distinct);
  return mergeSources(sources, compareHits, window.reach, ({ hit }) => keep(hit));
}

/** The best of the hits that `accept` takes, up to the end of the window, no distinct value twice. */
export function mergedHits(
  answers: readonly NodeSearchAnswer[],
  options: HitOptions,
  accept: (hit: RankedHit) => boolean = () => true,
): RankedHit[] {
  const { window, view, primaryKey } = options;
  if (window.limit === 0) return [];
  const sources = answers.map((answer) => filtered(hitSource(answer, { view, primaryKey }), accept));
  return mergeHits(sources, options);
}

/** `mergedHits` of nodes that may have been asked for fewer: also tells whose hits were too few, where that matters. */
export function mergedSoFar(
  answers: readonly NodeSearchAnswer[],
  options: HitOptions,
): { hits: RankedHit[]; short: readonly NodeSearchAnswer[] } {
  const { window, view, primaryKey } = options;
  if (window.limit === 0) return { hits: [], short: [] };
  const reading = { view, primaryKey };
  const sources = answers.map((answer) => hitSource(answer, reading, window.reach));
  const hits = mergeHits(sources, options);
  const short = hits.length < window.reach ? answers.filter((_, i) => sources[i]?.isCut?.()) : [];
  return { hits, short };
}

/** Number of documents behind facets, as the shards tell it: unlike a total it is never cut. */
export const candidatesOf = (facets: readonly NodeFacets[]): number => sumCounts(facets, shardField);

/** Fields that only merging needed; with `*` the client sees every field. */
function hiddenFacets(query: SearchQuery, countedDistinct: string | null): Set<string> {
  const shown = (field: string) =>
    query.facets !== null && (query.facets.includes('*') || query.facets.includes(field));
  return new Set([shardField, ...(countedDistinct === null || shown(countedDistinct) ? [] : [countedDistinct])]);
}

function facetsJson(
  facets: readonly NodeFacets[],
  { query, settings, countedDistinct }: MergeOptions,
  { counted, spellings }: Pick<MergedSearch, 'counted' | 'spellings'>,
): string {
  if (query.facets === null) return '';
  const candidates = counted?.total ?? candidatesOf(facets);
  const merged = mergeFacets(facets, {
    maxValues: settings.maxValuesPerFacet,
    order: askedOrders(query.facets, settings.facetOrder),
    candidates,
    hidden: hiddenFacets(query, countedDistinct),
    ...(spellings === undefined ? {} : { spellings }),
  });
  return `,"facetDistribution":${merged.distribution},"facetStats":${merged.stats}`;
}

/**
 * Number of documents found: the sum over the nodes, except that a distinct value counts once however many nodes have
 * it. That is known from the hits when these are all there are, and from the field's facets.
 */
export function totalOf(
  answers: readonly NodeSearchAnswer[],
  facets: readonly NodeFacets[],
  found: number,
  { query, window, distinct, countedDistinct }: Pick<MergeOptions, 'query' | 'window' | 'distinct' | 'countedDistinct'>,
): number {
  const thinned = distinct !== null || query.rankingScoreThreshold !== null;
  if (thinned && window.limit > 0 && found < window.reach) return found;
  if (countedDistinct === null) return answers.reduce((sum, answer) => sum + answer.total, 0);
  const withValue = sumCounts(facets, countedDistinct);
  return candidatesOf(facets) - withValue + countValues(facets, countedDistinct);
}

/** What a search came to, ready to be written. */
export interface MergedSearch {
  /** The best hits up to the end of the window. */
  hits: readonly NodeHit[];
  /** Hits before the page that are left out of `hits`; 0 when absent. */
  passed?: number;
  /** The answers that facets and totals are taken from. */
  answers: readonly NodeSearchAnswer[];
  /** What is left of the candidates, when that was counted apart. */
  counted?: { total: number; facets: readonly NodeFacets[] } | null;
  /** How facet values are to be spelt that nodes spell in different ways. */
  spellings?: Spellings;
  /** What only a search with vectors tells. */
  semantic?: {
    /** Hits of the page that vectors found. */
    hitCount: number;
    /** As JSON text; null when not shown. */
    queryVector: string | null;
  };
}

/** One search answer, in Meilisearch's order of members. */
export function writeSearchAnswer(search: MergedSearch, options: MergeOptions): Buffer {
  const { hits, passed = 0, answers, counted = null, semantic } = search;
  const { query, window, settings, view } = options;
  const facets = counted?.facets ?? answers.map((answer) => answer.facets).filter((one) => one !== null);
  const total = counted?.total ?? totalOf(answers, facets, passed + hits.length, options);
  const vector = (semantic?.queryVector ?? null) === null ? '' : `,"queryVector":${semantic?.queryVector}`;
  return bufferOfAll([
    bytesOf(hitsFirst),
    ...separated(hits.slice(window.offset - passed).map((hit) => renderHit(hit, view))),
    bytesOf(`],"query":${JSON.stringify(query.q ?? '')}${vector},"processingTimeMs":${Math.round(options.elapsedMs)},`),
    bytesOf(totalsJson(query, window, total, settings.maxTotalHits)),
    bytesOf(facetsJson(facets, options, search)),
    bytesOf(semantic === undefined ? '}' : `,"semanticHitCount":${semantic.hitCount}}`),
  ]);
}

/** One search answer from those of nodes that searched different shards. */
export function mergeSearchAnswers(answers: readonly NodeSearchAnswer[], options: MergeOptions): Buffer {
  const hits = mergedHits(answers, options).map(({ hit }) => hit);
  return writeSearchAnswer({ hits, answers }, options);
}
