/**
 * How one Meilisearch compares hits of different queries: by lists of values, where neighbouring relevancy rules share one
 * score, which the query's weight multiplies, and sorts stand for themselves. Written after Meilisearch 1.21's behaviour,
 * its oddity with distances included, since the answer must be the one that a single server gives.
 */
import { compareSortValues, type RankedRule, type Ranking, relevancyRules } from '../merge/order.ts';

/** One value of the list. */
export type WeightedValue =
  | { kind: 'score'; score: number }
  | { kind: 'sort'; ascending: boolean; value: unknown }
  | { kind: 'geo'; ascending: boolean; distance: number | null };

/** A rank out of so many; the higher the better. */
interface Rank {
  rank: number;
  of: number;
}

/** Steps that a score is taken to have when its rule does not tell; only the order of such scores is known. */
const unknownSteps = 27_720;

const matchTypes: Record<string, number> = { exactMatch: 3, matchesStart: 2, noExactMatch: 1 };

function ranksOf({ name, details }: RankedRule): Rank[] {
  const inSteps = (score = 0): Rank => ({ rank: score * unknownSteps, of: unknownSteps });
  switch (name) {
    case 'words':
      return [{ rank: details.matchingWords ?? 0, of: details.maxMatchingWords ?? 1 }];
    case 'typo':
      return [
        { rank: (details.maxTypoCount ?? 0) + 1 - (details.typoCount ?? 0), of: (details.maxTypoCount ?? 0) + 1 },
      ];
    case 'attribute':
      return [inSteps(details.attributeRankingOrderScore), inSteps(details.queryWordDistanceScore)];
    case 'exactness': {
      const type = matchTypes[details.matchType ?? ''] ?? 1;
      const words = { rank: (details.matchingWords ?? 0) + 1, of: (details.maxMatchingWords ?? 0) + 1 };
      return [{ rank: type, of: 3 }, type === 1 ? words : { rank: 1, of: 1 }];
    }
    case 'skipped':
      return [{ rank: 0, of: 1 }];
    default:
      return [inSteps(details.score)];
  }
}

/** One score for neighbouring rules: the first decides, each next one within a step of those before. */
function fold(rules: readonly RankedRule[]): number {
  const { rank, of } = rules.flatMap(ranksOf).reduce(
    (outer, inner) => ({
      rank: Math.max(0, outer.rank - 1) * inner.of + inner.rank,
      of: outer.of * inner.of,
    }),
    { rank: 1, of: 1 },
  );
  return rank / of;
}

/** The rules in groups: relevancy rules that follow each other together, every other rule alone. */
function groupsOf(ranking: Ranking): RankedRule[][] {
  const groups: RankedRule[][] = [];
  let relevancy: RankedRule[] | null = null;
  for (const rule of ranking) {
    if (!relevancyRules.has(rule.name)) {
      groups.push([rule]);
      relevancy = null;
    } else if (relevancy === null) {
      relevancy = [rule];
      groups.push(relevancy);
    } else relevancy.push(rule);
  }
  return groups;
}

function sortValue({ name, details }: RankedRule): WeightedValue {
  const ascending = name.endsWith(':asc');
  return name.startsWith('_geoPoint(')
    ? { kind: 'geo', ascending, distance: details.distance ?? null }
    : { kind: 'sort', ascending, value: details.value ?? null };
}

/**
 * The values of a hit. `score` is its `_rankingScore`, which is the score of the first relevancy group; those after a sort
 * are computed from the details.
 */
export function weightedValues(ranking: Ranking, score: number, weight: number): WeightedValue[] {
  let scored = false;
  return groupsOf(ranking).map((group): WeightedValue => {
    const first = group[0] as RankedRule;
    if (first.name === 'vectorSort') {
      scored = true;
      return { kind: 'score', score: (first.details.similarity ?? 0) * weight };
    }
    if (!relevancyRules.has(first.name)) return sortValue(first);
    const own = scored ? fold(group) : score;
    scored = true;
    return { kind: 'score', score: own * weight };
  });
}

/** A hit's values and its `_rankingScore` times the weight. */
export interface Weighted {
  values: readonly WeightedValue[];
  score: number;
}

const near = (a: number, b: number) => Math.abs(a - b) <= Number.EPSILON;

/** Null: the values say nothing, and the whole scores decide. */
function compareValues(a: WeightedValue, b: WeightedValue): number | null {
  if (a.kind === 'score' && b.kind === 'score') return near(a.score, b.score) ? 0 : b.score - a.score;
  if (a.kind === 'sort' && b.kind === 'sort') {
    return a.ascending === b.ascending ? compareSortValues(a.value, b.value, a.ascending) : null;
  }
  if (a.kind === 'geo' && b.kind === 'geo') {
    if (a.ascending !== b.ascending) return 0;
    if (a.distance === null || b.distance === null) return Number(a.distance === null) - Number(b.distance === null);
    // The farther one first, whichever way the query sorts: Meilisearch compares distances like scores.
    return near(a.distance, b.distance) ? 0 : b.distance - a.distance;
  }
  return null;
}

/** Negative when `a` comes before `b`, zero when only the numbers of their queries tell them apart. */
export function compareWeighted(a: Weighted, b: Weighted): number {
  const shared = Math.min(a.values.length, b.values.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a.values[i] as WeightedValue, b.values[i] as WeightedValue];
    const order = compareValues(left, right);
    if (order === 0) continue;
    if (order !== null) return order;
    // Values of different kinds: more values left count first. Sorts in opposite directions: straight to the scores.
    const more = left.kind === right.kind ? 0 : b.values.length - a.values.length;
    return more || b.score - a.score;
  }
  return b.values.length - a.values.length;
}
