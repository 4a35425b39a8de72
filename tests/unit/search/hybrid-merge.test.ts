import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGoodEnough, mayBeGoodEnough, mergeHybrid } from '../../../src/search/hybrid-merge.ts';
import { hitRanking } from '../../../src/search/merge/hit.ts';
import type { RankedHit } from '../../../src/search/merge/ranked-hit.ts';
import { hitOf } from './raw-hits.ts';

const view = {
  visible: { retrieve: null, formatted: null, displayed: null },
  extras: [],
  formatted: false,
  matchesPosition: false,
  rankingScore: true,
  rankingScoreDetails: true,
};

/** A hit as a node gives it, with its score and details. */
function ranked(id: string, score: number, details: object): RankedHit {
  const text = `{"id":"${id}","_rankingScore":${score},"_rankingScoreDetails":${JSON.stringify(details)}}`;
  const hit = hitOf(text, view);
  return { hit, ranking: hitRanking(hit), version: '', id };
}

const semantic = (id: string, similarity: number | null) =>
  ranked(id, similarity ?? 0, { vectorSort: { order: 0, similarity } });
const keyword = (id: string, score: number) => ranked(id, score, { words: { order: 0, score, matchingWords: 1 } });
const sorted = (id: string, value: number, similarity: number) =>
  ranked(id, similarity, { 'price:asc': { order: 0, value }, vectorSort: { order: 1, similarity } });

const merge = (
  left: readonly RankedHit[],
  right: readonly RankedHit[],
  semanticRatio: number,
  reach = 100,
  keep: () => boolean = () => true,
) => mergeHybrid(left, right, { semanticRatio, reach, keep });
const idsOf = (hits: ReturnType<typeof merge>) => hits.map(({ hit }) => JSON.parse(hit.text).id as string);

describe('mergeHybrid', () => {
  it('weighs scores by the ratio, the semantic hit first on a tie', () => {
    const left = [semantic('s1', 0.9), semantic('s2', 0.5)];
    const right = [keyword('k1', 0.9), keyword('k2', 0.4)];
    expect(idsOf(merge(left, right, 0.5))).toEqual(['s1', 'k1', 's2', 'k2']);
    expect(idsOf(merge(left, right, 0.8))).toEqual(['s1', 's2', 'k1', 'k2']);
    expect(idsOf(merge(left, right, 0.1))).toEqual(['k1', 'k2', 's1', 's2']);
  });

  it('shows a document once, as the list that has it first does', () => {
    const merged = merge([semantic('a', 0.9), semantic('b', 0.1)], [keyword('b', 0.8), keyword('a', 0.7)], 0.5);
    expect(merged.map((hit) => [idsOf([hit])[0], hit.semantic])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });

  it('puts a document without a vector behind every word that was found', () => {
    expect(idsOf(merge([semantic('s', null)], [keyword('k', 0.01)], 0.99))).toEqual(['k', 's']);
  });

  it('compares the values of sorts before scores', () => {
    const words = ranked('k', 0.1, { 'price:asc': { order: 0, value: 1 }, words: { order: 1, score: 0.1 } });
    expect(idsOf(merge([sorted('s', 2, 1)], [words], 0.9))).toEqual(['k', 's']);
    expect(idsOf(merge([sorted('s', 1, 1)], [words], 0.9))).toEqual(['s', 'k']);
  });

  it('holds every document once, in the order of each list, and no more than asked for', () => {
    const scores = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { maxLength: 30 });
    const list = (make: (id: string, score: number) => RankedHit) => (values: number[]) =>
      [...values].sort((a, b) => b - a).map((value) => make(`d${value % 40}`, value / 1_000));
    const once = (hits: RankedHit[]) => hits.filter(({ id }, i) => hits.findIndex((other) => other.id === id) === i);
    fc.assert(
      fc.property(scores, scores, fc.integer({ min: 1, max: 99 }), fc.nat(40), (a, b, percent, reach) => {
        const [left, right] = [once(list(semantic)(a)), once(list(keyword)(b))];
        const ratio = percent / 100;
        const all = merge(left, right, ratio);
        const ids = idsOf(all);
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(ids)).toEqual(new Set([...left, ...right].map(({ id }) => id)));
        const weighted = all.map(({ hit, semantic: found }) => {
          const score = JSON.parse(hit.text)._rankingScore as number;
          return score * Math.fround(found ? ratio : 1 - Math.fround(ratio));
        });
        for (let i = 1; i < weighted.length; i++) {
          expect(weighted[i - 1]).toBeGreaterThanOrEqual((weighted[i] as number) - Number.EPSILON);
        }
        expect(idsOf(merge(left, right, ratio, reach))).toEqual(ids.slice(0, reach));
      }),
      { seed: 21, numRuns: 200 },
    );
  });
});

describe('isGoodEnough', () => {
  it('wants enough hits, each with a weighted score of 0.45', () => {
    const hits = [keyword('a', 1), keyword('b', 0.95)];
    expect(isGoodEnough(hits, 2, 0.5)).toBe(true);
    expect(isGoodEnough(hits, 3, 0.5)).toBe(false);
    expect(isGoodEnough([...hits, keyword('c', 0.89)], 3, 0.5)).toBe(false);
    expect(isGoodEnough([...hits, keyword('c', 0.6)], 3, 0.2)).toBe(true);
  });

  it('cannot be met when words weigh less than 0.45', () => {
    expect([0.1, 0.5, 0.54, 0.56, 0.9].map(mayBeGoodEnough)).toEqual([true, true, true, false, false]);
    expect(isGoodEnough([keyword('a', 1)], 1, 0.56)).toBe(false);
  });
});
