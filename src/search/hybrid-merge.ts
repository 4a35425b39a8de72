/**
 * How one Meilisearch makes a hybrid answer out of the best hits of a keyword search and of a semantic one. Given both
 * lists over all shards, doing the same here gives the same answer (reference, 7.2).
 */
import { hitScore, type NodeHit } from './merge/hit.ts';
import { compareRule, type RankedRule, type Ranking, relevancyRules } from './merge/order.ts';
import type { RankedHit } from './merge/ranked-hit.ts';

/** A keyword score, once weighted, that makes vectors unnecessary. */
const goodEnough = 0.45;

/** Ratios are single-precision numbers. */
const keywordWeight = (semanticRatio: number) => Math.fround(1 - Math.fround(semanticRatio));

/** Whether a keyword search can make vectors unnecessary at all, given this ratio. */
export function mayBeGoodEnough(semanticRatio: number): boolean {
  return keywordWeight(semanticRatio) >= goodEnough;
}

/** Whether hits of the keyword search alone are the answer: enough of them, and all good. `reach` is offset plus limit. */
export function isGoodEnough(keyword: readonly RankedHit[], reach: number, semanticRatio: number): boolean {
  if (keyword.length < reach) return false;
  return keyword.every(({ hit }) => (hitScore(hit) ?? 0) * keywordWeight(semanticRatio) >= goodEnough);
}

/** Relevancy, which neighbouring rules share as one score, or the value of a sort. */
type Value = { kind: 'score'; score: number } | { kind: 'sort'; rule: RankedRule };

/**
 * The values that two lists are compared by. The score of the first relevancy rules is the hit's own; those after a sort
 * are only ever compared with the end of the other list, or with a sort, where it is enough that they are there.
 */
function valuesOf(ranking: Ranking, score: number, weight: number): Value[] {
  const values: Value[] = [];
  let relevancy = 0;
  let inside = false;
  for (const rule of ranking) {
    if (rule.name === 'vectorSort') {
      values.push({ kind: 'score', score: (rule.details.similarity ?? 0) * weight });
      inside = false;
    } else if (relevancyRules.has(rule.name)) {
      if (!inside) values.push({ kind: 'score', score: relevancy++ === 0 ? score * weight : 1 });
      inside = true;
    } else {
      values.push({ kind: 'sort', rule });
      inside = false;
    }
  }
  return values;
}

/** Negative when the first value ranks before the second. */
function compareValues(a: Value, b: Value): number {
  if (a.kind === 'score' && b.kind === 'score') {
    return Math.abs(a.score - b.score) <= Number.EPSILON ? 0 : b.score - a.score;
  }
  if (a.kind === 'score') return a.score === 0 ? 1 : -1;
  if (b.kind === 'score') return b.score === 0 ? -1 : 1;
  return compareRule(a.rule.name, a.rule.details, b.rule.details);
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (const [i, value] of a.entries()) {
    const other = b[i];
    if (other === undefined) return -1;
    const order = compareValues(value, other);
    if (order !== 0) return order;
  }
  return a.length < b.length ? 1 : 0;
}

/** A hit of the merged list, and whether vectors found it. */
export interface HybridHit {
  hit: NodeHit;
  semantic: boolean;
}

/**
 * Walk both lists from their heads, the better head first (the semantic one on a tie), each document once. `keep` says of
 * each hit in turn whether it stays; `reach` bounds the result.
 */
export function mergeHybrid(
  semantic: readonly RankedHit[],
  keyword: readonly RankedHit[],
  options: { semanticRatio: number; reach: number; keep: (hit: NodeHit) => boolean },
): HybridHit[] {
  const weigh = (list: readonly RankedHit[], weight: number, found: boolean) =>
    list.map(({ hit, ranking, id }) => ({
      hit,
      id,
      semantic: found,
      values: valuesOf(ranking, hitScore(hit) ?? 0, weight),
    }));
  const left = weigh(semantic, Math.fround(options.semanticRatio), true);
  const right = weigh(keyword, keywordWeight(options.semanticRatio), false);
  const merged: HybridHit[] = [];
  const seen = new Set<string>();
  let l = 0;
  let r = 0;
  while (merged.length < options.reach) {
    const a = left[l];
    const b = right[r];
    const next = a !== undefined && (b === undefined || compareLists(a.values, b.values) <= 0) ? a : b;
    if (next === undefined) break;
    if (next === a) l++;
    else r++;
    if (seen.has(next.id)) continue;
    seen.add(next.id);
    if (options.keep(next.hit)) merged.push({ hit: next.hit, semantic: next.semantic });
  }
  return merged;
}
