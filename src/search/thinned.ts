/**
 * What `distinct` or a threshold leaves of a search's candidates, counted as one Meilisearch counts it. By offset it looks
 * at the best hits only: it takes them in groups of equal rank until the page is full, and of what shares a value with
 * those nothing but them is left. All else counts as if there were no `distinct`. The nodes can tell both parts.
 */
import { candidatesOf, mergedHits, type NodeSearchAnswer } from './merge/answer.ts';
import type { NodeFacets } from './merge/facets.ts';
import { touches } from './merge/fields.ts';
import { facetsOfHits, withoutValues } from './merge/hit-facets.ts';
import { compareRankings } from './merge/order.ts';
import type { RankedHit } from './merge/ranked-hit.ts';
import { valuesOfHit } from './merge/values.ts';
import { joinFilters, quotedText } from './node-request.ts';
import { type AskNodes, answersOf, firstRound, mergeOptions, type PlannedSearch } from './search-round.ts';

/** Documents that count towards totals and facets. */
export interface Counted {
  total: number;
  facets: readonly NodeFacets[];
}

/** Hits per node that are looked at, at most, to find all of the rank at which a page ends, and of which values are listed. */
const tiesReach = 1_000;

/** Whether something takes documents out of what a search finds. */
export function isThinned({ distinct, query }: PlannedSearch): boolean {
  return distinct !== null || query.rankingScoreThreshold !== null;
}

function facetsOf({ query, settings }: PlannedSearch, hits: readonly RankedHit[]): NodeFacets[] {
  const { facets } = query;
  if (facets === null) return [];
  const asked = (path: string) => facets.includes('*') || facets.some((facet) => touches(path, facet));
  const wanted = (path: string) => asked(path) && settings.isFilterable(path);
  return [
    facetsOfHits(
      hits.map(({ hit }) => hit),
      wanted,
    ),
  ];
}

/** Everything that the words and the filter match. */
async function countAll(ask: AskNodes, search: PlannedSearch): Promise<Counted> {
  const answers = answersOf(await ask(search, { ...firstRound(search), reach: 0, countedDistinct: null }));
  const facets = answers.flatMap((answer) => answer.facets ?? []);
  const told = answers.reduce((sum, answer) => sum + answer.total, 0);
  return { total: facets.length > 0 ? candidatesOf(facets) : told, facets };
}

function noneOf(field: string, values: ReadonlySet<number | string>): string {
  const listed = [...values].map((value) => (typeof value === 'number' ? String(value) : quotedText(value)));
  return `NOT (${quotedText(field)} IN [${listed.join(', ')}])`;
}

/** The same search for what merging needs of its hits only. */
function bare(search: PlannedSearch): PlannedSearch {
  const { query, attributes } = search;
  const retrieve = query.facets?.includes('*') ? null : [];
  return {
    ...search,
    query: { ...query, facets: null, attributesToCrop: null, attributesToHighlight: null, showMatchesPosition: false },
    attributes: { ...attributes, retrieve, highlight: null, crop: null },
  };
}

/** Whether the node whose list this is may hold more hits of the rank. */
function mayGoOn(list: readonly RankedHit[], reach: number, last: RankedHit): boolean {
  const end = list.at(-1);
  return list.length >= reach && end !== undefined && compareRankings(end.ranking, last.ranking) <= 0;
}

/** The hits, and after them all that are as good as the last one; null when those are too many to be looked at. */
async function withTies(
  ask: AskNodes,
  search: PlannedSearch,
  hits: readonly RankedHit[],
  answers: readonly NodeSearchAnswer[],
): Promise<readonly RankedHit[] | null> {
  const last = hits.at(-1);
  if (last === undefined || last.ranking.length === 0) return hits;
  const most = Math.min(tiesReach, search.settings.maxTotalHits);
  let reach = search.window.reach;
  let lists = answers;
  let view = mergeOptions(search);
  const listOf = (answer: NodeSearchAnswer) => mergedHits([answer], { ...view, window: windowTo(reach) });
  const windowTo = (to: number) => ({ ...search.window, offset: 0, limit: to, reach: to });
  while (lists.some((answer) => mayGoOn(listOf(answer), reach, last))) {
    if (reach >= most) return null;
    reach = Math.min(most, reach * 5);
    const slim = bare(search);
    view = mergeOptions(slim);
    lists = answersOf(await ask(slim, { ...firstRound(slim), reach, countedDistinct: null }));
  }
  const merged = mergedHits(lists, { ...view, window: windowTo(reach * lists.length) });
  const worse = merged.findIndex(({ ranking }, i) => i >= hits.length && compareRankings(ranking, last.ranking) !== 0);
  return worse === -1 ? merged : merged.slice(0, worse);
}

/**
 * Counts what is left of a search whose merged hits up to the end of its window are `hits`; null when the nodes' own
 * counts are the best there is.
 */
export async function countThinned(
  ask: AskNodes,
  search: PlannedSearch,
  hits: readonly RankedHit[],
  answers: readonly NodeSearchAnswer[],
): Promise<Counted | null> {
  const { window, distinct, settings, filter, query, attributes } = search;
  if (!isThinned(search) || window.limit === 0) return null;
  if (query.facets?.includes('*') && attributes.retrieve !== null) return null;
  if (hits.length < window.reach) {
    if (!window.paged && hits.length < window.offset) {
      const all = await countAll(ask, search);
      if (all.total < window.offset) return all;
    }
    const fields = answers.flatMap((answer) => (answer.facets === null ? [] : [withoutValues(answer.facets)]));
    return { total: hits.length, facets: [...fields, ...facetsOf(search, hits)] };
  }
  if (window.paged) return null;
  if (distinct === null) return countAll(ask, search);
  if (!settings.isFilterable(distinct) || hits.length > tiesReach) return null;
  const evaluated = await withTies(ask, search, hits, answers);
  if (evaluated === null) return null;
  const values = new Map(evaluated.map((ranked) => [ranked, valuesOfHit(ranked.hit, distinct)]));
  const taken = new Set([...values.values()].flat());
  const rest = await countAll(ask, { ...search, filter: joinFilters(filter, noneOf(distinct, taken)) });
  const withValue = evaluated.filter((ranked) => values.get(ranked)?.length !== 0);
  return { total: rest.total + withValue.length, facets: [...rest.facets, ...facetsOf(search, withValue)] };
}
