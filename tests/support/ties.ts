import { field, parseRaw, printRaw, type Raw } from './raw-json.ts';

/** A hit's primary key and its ranking details, both as canonical text. */
export interface RankedHit {
  id: string;
  details: string;
}

/** Reads the hits of a search that asked for the primary key and `showRankingScoreDetails`. */
export function rankedHits(text: string, primaryKey: string): RankedHit[] {
  const hits = field(parseRaw(text), 'hits');
  if (!Array.isArray(hits)) return [];
  return hits.map((hit) => ({
    id: printRaw(field(hit, primaryKey) ?? null),
    details: rankOnly(field(hit, '_rankingScoreDetails') ?? null),
  }));
}

/**
 * The part of the details that ranks. Folded scores depend on maxima that a node chooses by its own words (typo) and say
 * nothing beyond the counts beside them. Behind a similarity nothing ranks: a server hands out what vectors found one by one.
 */
export function rankOnly(details: Raw): string {
  if (!(details instanceof Map)) return printRaw(details);
  const similar = [...details].findIndex(
    ([rule, value]) => rule === 'vectorSort' && field(value, 'similarity') !== null,
  );
  const ranking = similar === -1 ? [...details] : [...details].slice(0, similar + 1);
  const kept = ranking.map(([rule, value]): [string, Raw] => {
    if (!(value instanceof Map)) return [rule, value];
    const unstable =
      rule === 'typo' ? ['maxTypoCount', 'score'] : rule === 'words' ? ['maxMatchingWords', 'score'] : [];
    return [rule, new Map([...value].filter(([key]) => !unstable.includes(key)))];
  });
  return printRaw(new Map(kept), true);
}

/**
 * How to bring `got` into the order of `expected` by moving hits only inside groups of equal details. Returns, for each
 * expected position, the position in `got` (null when the tie group is cut by the page's edge and holds another of its
 * members there), or null when the two orders differ by more than ties.
 */
export function alignTies(
  expected: readonly RankedHit[],
  got: readonly RankedHit[],
  page: { startsAtZero: boolean; isFull: boolean },
): (number | null)[] | null {
  if (expected.length !== got.length) return null;
  const positions: (number | null)[] = [];
  for (let start = 0; start < expected.length; ) {
    const details = expected[start]?.details;
    let end = start + 1;
    while (end < expected.length && expected[end]?.details === details) end++;
    const cut = (start === 0 && !page.startsAtZero) || (end === expected.length && page.isFull);
    const members = new Map(got.slice(start, end).map((hit, i) => [hit.id, start + i]));
    if (got.slice(start, end).some((hit) => hit.details !== details)) return null;
    for (let i = start; i < end; i++) {
      const at = members.get(expected[i]?.id ?? '');
      if (at === undefined && !cut) return null;
      positions.push(at ?? null);
    }
    start = end;
  }
  return positions;
}
