import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arraySource, mergeSources } from '../../../src/search/merge/kway.ts';
import { compareBytes, compareRankings, compareSortValues, parseRanking } from '../../../src/search/merge/order.ts';

const ranking = (details: Record<string, object>) =>
  parseRanking(
    JSON.stringify(Object.fromEntries(Object.entries(details).map(([k, v], order) => [k, { order, ...v }]))),
  );
const sign = (a: Record<string, object>, b: Record<string, object>) =>
  Math.sign(compareRankings(ranking(a), ranking(b)));

describe('mergeSources', () => {
  it('puts any split of an ordered list together again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer(), fc.nat(4))), fc.nat(50), (items, take) => {
        const all = items.map(([value], i) => ({ value, i })).sort((a, b) => a.value - b.value || a.i - b.i);
        const parts = Array.from({ length: 5 }, (_, part) => all.filter(({ i }) => items[i]?.[1] === part));
        const merged = mergeSources(parts.map(arraySource), (a, b) => a.value - b.value || a.i - b.i, take);
        expect(merged).toEqual(all.slice(0, take));
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('never reorders one list, even when it is not in order', () => {
    const merged = mergeSources([arraySource([5, 1, 2]), arraySource([3, 4])], (a, b) => a - b, 10);
    expect(merged).toEqual([3, 4, 5, 1, 2]);
  });

  it('skips what is not accepted without counting it', () => {
    expect(
      mergeSources(
        [arraySource([1, 2, 3, 4])],
        (a, b) => a - b,
        2,
        (n) => n % 2 === 0,
      ),
    ).toEqual([2, 4]);
  });
});

describe('compareRankings', () => {
  it('compares words by matching words, not by score', () => {
    expect(sign({ words: { matchingWords: 3, score: 0.5 } }, { words: { matchingWords: 2, score: 1 } })).toBe(-1);
  });

  it('compares typos by their count, fewer first, whatever the score', () => {
    const few = { typo: { typoCount: 0, maxTypoCount: 3, score: 0.2 } };
    expect(sign(few, { typo: { typoCount: 1, maxTypoCount: 4, score: 0.8 } })).toBe(-1);
  });

  it('compares the attribute before the position in it', () => {
    const a = { attribute: { attributeRankingOrderScore: 1, queryWordDistanceScore: 0.1, score: 0.5 } };
    const b = { attribute: { attributeRankingOrderScore: 0.5, queryWordDistanceScore: 0.9, score: 0.9 } };
    expect(sign(a, b)).toBe(-1);
  });

  it('ranks an exact match before a start before none, then by matching words', () => {
    const none = (matchingWords: number) => ({ exactness: { matchType: 'noExactMatch', matchingWords, score: 1 } });
    expect(sign({ exactness: { matchType: 'exactMatch' } }, { exactness: { matchType: 'matchesStart' } })).toBe(-1);
    expect(sign({ exactness: { matchType: 'matchesStart' } }, none(9))).toBe(-1);
    expect(sign(none(2), none(1))).toBe(-1);
  });

  it.each(['proximity', 'attributeRank', 'wordPosition'])('ranks a higher score of %s first', (rule) => {
    expect(sign({ [rule]: { score: 0.75 } }, { [rule]: { score: 0.5 } })).toBe(-1);
  });

  it('treats geo distances within a metre as equal and puts places without point last', () => {
    const at = (distance: number | null, way = 'asc') => ({
      [`_geoPoint(1.0, 2.0):${way}`]: { value: null, distance },
    });
    expect(sign(at(10), at(10.9))).toBe(0);
    expect(sign(at(10), at(12))).toBe(-1);
    expect(sign(at(10, 'desc'), at(12, 'desc'))).toBe(1);
    expect(sign(at(12, 'desc'), at(null, 'desc'))).toBe(-1);
  });

  it('ranks similarity high to low, none last, and a skipped rule worst of all', () => {
    expect(sign({ vectorSort: { similarity: 0.9 } }, { vectorSort: { similarity: 0.8 } })).toBe(-1);
    expect(sign({ vectorSort: { similarity: 0 } }, { vectorSort: { similarity: null } })).toBe(-1);
    // one server hands out equally similar documents one by one, in no order of the sorts behind
    const behind = (similarity: number | null, value: number) => ({
      vectorSort: { similarity },
      'price:asc': { value },
    });
    expect(sign(behind(0.5, 2), behind(0.5, 1))).toBe(0);
    expect(sign(behind(null, 2), behind(null, 1))).toBe(1);
    expect(
      sign(
        { 'price:asc': { value: 2 }, vectorSort: { similarity: 1 } },
        { 'price:asc': { value: 1 }, vectorSort: { similarity: 1 } },
      ),
    ).toBe(1);
    expect(sign({ words: { matchingWords: 1 } }, { skipped: {} })).toBe(-1);
    expect(sign({ skipped: {} }, { 'price:asc': { value: null } })).toBe(1);
  });

  it('lets the first rule that differs decide', () => {
    const of = (words: number, price: number) => ({ words: { matchingWords: words }, 'price:desc': { value: price } });
    expect(sign(of(2, 1), of(1, 9))).toBe(-1);
    expect(sign(of(2, 1), of(2, 9))).toBe(1);
  });
});

describe('compareSortValues', () => {
  it('is a total order: numbers, strings, nothing; the direction turns only what is inside', () => {
    const value = fc.oneof(fc.double({ noNaN: true }), fc.string(), fc.constant(null));
    fc.assert(
      fc.property(value, value, value, fc.boolean(), (a, b, c, ascending) => {
        const compare = (x: unknown, y: unknown) => compareSortValues(x, y, ascending);
        expect(Math.sign(compare(a, b)) === -Math.sign(compare(b, a))).toBe(true);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) expect(compare(a, c)).toBeLessThanOrEqual(0);
        if (typeof a === 'number' && typeof b === 'string') expect(compare(a, b)).toBeLessThan(0);
        if (a !== null && b === null) expect(compare(a, b)).toBeLessThan(0);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('orders texts as their UTF-8 bytes are ordered', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});
