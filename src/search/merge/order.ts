/**
 * Order of two hits of different nodes by their `_rankingScoreDetails`, rule by rule. Which number decides in which rule
 * was measured against Meilisearch 1.21 (a rule's `score` is not always comparable between nodes).
 */

/** Rules that rank by how well a hit fits the words, and share one score where they stand side by side. */
export const relevancyRules: ReadonlySet<string> = new Set([
  'words',
  'typo',
  'proximity',
  'attribute',
  'attributeRank',
  'wordPosition',
  'exactness',
  'skipped',
]);

/** What a node tells about one rule; which members are there depends on the rule. */
export interface RuleDetails {
  order: number;
  score?: number;
  matchingWords?: number;
  maxMatchingWords?: number;
  typoCount?: number;
  maxTypoCount?: number;
  attributeRankingOrderScore?: number;
  queryWordDistanceScore?: number;
  matchType?: string;
  similarity?: number | null;
  value?: unknown;
  distance?: number | null;
  position?: number;
}

/** One rule of a hit, ready to be compared. */
export interface RankedRule {
  name: string;
  details: RuleDetails;
}

/** A hit's rules in their order. */
export type Ranking = readonly RankedRule[];

/** Read the text of a hit's `_rankingScoreDetails`. */
export function parseRanking(json: string): Ranking {
  const details = JSON.parse(json) as Record<string, RuleDetails>;
  return Object.entries(details)
    .map(([name, rule]) => ({ name, details: rule }))
    .sort((a, b) => a.details.order - b.details.order);
}

const matchTypes = ['noExactMatch', 'matchesStart', 'exactMatch'];
/** Documents closer to each other than this share a bucket of a geo sort. */
const geoBucketMetres = 1;

const higherFirst = (a = 0, b = 0) => b - a;
const lowerFirst = (a = 0, b = 0) => a - b;

/** Nothing comes last, whatever the direction. Zero when both or neither are missing. */
function missingLast(a: unknown, b: unknown): number {
  return Number(a === null || a === undefined) - Number(b === null || b === undefined);
}

/** Order of texts by their UTF-8 bytes, which is the order of their code points. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogates = Number(isSurrogate(x)) - Number(isSurrogate(y));
    return surrogates !== 0 ? surrogates : x - y;
  }
  return a.length - b.length;
}

const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;

/**
 * Order of two values of a sort: numbers, then strings, each in the direction asked for; nothing comes last. Strings are
 * expected in Meilisearch's normalised form.
 */
export function compareSortValues(a: unknown, b: unknown, ascending: boolean): number {
  const missing = missingLast(a, b);
  if (missing !== 0 || a === null || a === undefined) return missing;
  const kinds = Number(typeof a === 'string') - Number(typeof b === 'string');
  if (kinds !== 0) return kinds;
  const order = typeof a === 'string' ? compareBytes(a, String(b)) : Number(a) - Number(b);
  return ascending ? order : -order;
}

function compareGeo(a: RuleDetails, b: RuleDetails, ascending: boolean): number {
  const missing = missingLast(a.distance, b.distance);
  if (missing !== 0 || a.distance === null || a.distance === undefined) return missing;
  const order = a.distance - (b.distance ?? 0);
  if (Math.abs(order) <= geoBucketMetres) return 0;
  return ascending ? order : -order;
}

/** Order of two hits by one rule. */
export function compareRule(name: string, a: RuleDetails, b: RuleDetails): number {
  switch (name) {
    case 'words':
      return higherFirst(a.matchingWords, b.matchingWords);
    case 'typo':
      return lowerFirst(a.typoCount, b.typoCount);
    case 'proximity':
    case 'attributeRank':
    case 'wordPosition':
      return higherFirst(a.score, b.score);
    case 'attribute':
      return (
        higherFirst(a.attributeRankingOrderScore, b.attributeRankingOrderScore) ||
        higherFirst(a.queryWordDistanceScore, b.queryWordDistanceScore)
      );
    case 'exactness':
      return (
        higherFirst(matchTypes.indexOf(a.matchType ?? ''), matchTypes.indexOf(b.matchType ?? '')) ||
        higherFirst(a.matchingWords, b.matchingWords)
      );
    case 'vectorSort':
      return missingLast(a.similarity, b.similarity) || higherFirst(a.similarity ?? 0, b.similarity ?? 0);
    case 'pin':
      return lowerFirst(a.position, b.position);
    default: {
      const ascending = name.endsWith(':asc');
      return name.startsWith('_geoPoint(')
        ? compareGeo(a, b, ascending)
        : compareSortValues(a.value, b.value, ascending);
    }
  }
}

/** Whether nothing after this rule ranks a hit: a node hands out what its vectors found one by one, however similar they are. */
const isAlone = ({ name, details }: RankedRule): boolean =>
  name === 'vectorSort' && details.similarity !== null && details.similarity !== undefined;

/** Negative when `a` ranks before `b`, zero when no rule tells them apart. */
export function compareRankings(a: Ranking, b: Ranking): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a[i] as RankedRule;
    const y = b[i] as RankedRule;
    if (x.name !== y.name) {
      const skipped = Number(x.name === 'skipped') - Number(y.name === 'skipped');
      if (skipped !== 0) return skipped;
      continue;
    }
    const order = compareRule(x.name, x.details, y.details);
    if (order !== 0) return order;
    if (isAlone(x)) return 0;
  }
  return 0;
}
