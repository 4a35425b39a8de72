import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FederatedHit,
  mergeIndexes,
  mergeQueries,
  renderFederatedHit,
} from '../../../src/search/federated/merge.ts';
import { compareWeighted, type WeightedValue, weightedValues } from '../../../src/search/federated/weighted-values.ts';
import type { HitView } from '../../../src/search/merge/hit.ts';
import type { RuleDetails } from '../../../src/search/merge/order.ts';
import { hitOf as readHitOf } from './raw-hits.ts';

const view: HitView = {
  visible: { retrieve: null, formatted: null, displayed: null },
  extras: ['_miroir_version', 'id'],
  formatted: false,
  matchesPosition: false,
  rankingScore: false,
  rankingScoreDetails: false,
};

const score = (value: number): WeightedValue => ({ kind: 'score', score: value });
const sort = (value: unknown, ascending = true): WeightedValue => ({ kind: 'sort', ascending, value });
const geo = (distance: number | null): WeightedValue => ({ kind: 'geo', ascending: true, distance });

function order(a: readonly WeightedValue[], b: readonly WeightedValue[], scores: [number, number] = [1, 1]): number {
  return Math.sign(compareWeighted({ values: a, score: scores[0] }, { values: b, score: scores[1] }));
}

describe('weightedValues', () => {
  const rule = (name: string, details: Partial<RuleDetails>) => ({ name, details: { order: 0, ...details } });

  it('folds neighbouring relevancy rules into the score, and computes the score of those after a sort', () => {
    const ranking = [
      rule('words', { matchingWords: 1, maxMatchingWords: 2 }),
      rule('typo', { typoCount: 0, maxTypoCount: 1 }),
      rule('price:desc', { value: 5 }),
      rule('exactness', { matchType: 'noExactMatch', matchingWords: 1, maxMatchingWords: 2 }),
    ];
    expect(weightedValues(ranking, 0.5, 2)).toEqual([score(1), sort(5, false), score((2 / 9) * 2)]);
  });

  it('scores a whole match as one, and the beginning of a field as two thirds', () => {
    const scoreAfterSort = (matchType: string) =>
      weightedValues([rule('words', {}), rule('a:asc', { value: null }), rule('exactness', { matchType })], 1, 1)[2];
    expect([scoreAfterSort('exactMatch'), scoreAfterSort('matchesStart')]).toEqual([score(1), score(2 / 3)]);
  });

  it('takes the similarity of vectors, and nothing for a document without', () => {
    expect(weightedValues([rule('vectorSort', { similarity: 0.5 })], 0.5, 3)).toEqual([score(1.5)]);
    expect(weightedValues([rule('vectorSort', { similarity: null })], 0, 3)).toEqual([score(0)]);
  });

  it('keeps better scores of later rules better', () => {
    const scores = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 4 }));
    const of = ([a, b]: [number, number]) => {
      const rules = [rule('x:asc', { value: 1 }), rule('y:asc', { value: 1 })];
      const group = [rule('proximity', { score: a / 7 }), rule('wordPosition', { score: b / 4 })];
      return (weightedValues([rule('words', {}), ...rules, ...group], 1, 1)[3] as { score: number }).score;
    };
    fc.assert(
      fc.property(scores, scores, (a, b) => {
        expect(Math.sign(of(a) - of(b))).toBe(Math.sign(a[0] - b[0] || a[1] - b[1]));
      }),
    );
  });
});

describe('compareWeighted', () => {
  it('lets the higher score, the smaller ascending and the greater descending value go first', () => {
    expect(order([score(0.9)], [score(0.8)])).toBe(-1);
    expect(order([sort(1)], [sort(2)])).toBe(-1);
    expect(order([sort(1, false)], [sort(2, false)])).toBe(1);
    expect(order([sort(null)], [sort('a')])).toBe(1);
    expect(order([sort(9)], [sort('1')])).toBe(-1);
  });

  it('takes scores that differ by rounding as equal, and goes on', () => {
    expect(order([score(0.1 + 0.2), sort(2)], [score(0.3), sort(1)])).toBe(1);
  });

  it('lets the farther point go first, as Meilisearch does, and no point last', () => {
    expect(order([geo(10)], [geo(20)])).toBe(1);
    expect(order([geo(null)], [geo(20)])).toBe(1);
  });

  it('lets more values go first where kinds differ, then the whole score', () => {
    expect(order([score(0.1), sort(1)], [sort(1)])).toBe(-1);
    expect(order([score(0.1)], [sort(1)], [0.1, 0.2])).toBe(1);
    expect(order([sort(1)], [sort(1, false)], [0.2, 0.1])).toBe(-1);
    expect(order([score(1)], [score(1), sort(1)])).toBe(1);
  });
});

function hitOf(id: number, values: readonly WeightedValue[], position: number, indexUid = 'films'): FederatedHit {
  const first = values[0];
  const total = first?.kind === 'score' ? first.score : 1;
  const text = `{"id":${id},"_federation":{"indexUid":"g1"},"_rankingScoreDetails":{}}`;
  return {
    hit: readHitOf(text, view),
    id: String(id),
    indexUid,
    position,
    semantic: false,
    view,
    values,
    score: total,
  };
}

const lists = fc.array(
  fc.uniqueArray(fc.record({ id: fc.nat(12), rank: fc.nat(4), price: fc.nat(2) }), { selector: ({ id }) => id }),
  { maxLength: 5 },
);

describe('merging', () => {
  const better = (a: FederatedHit, b: FederatedHit) => compareWeighted(a, b) || a.position - b.position;
  const sorted = (given: { id: number; rank: number; price: number }[][]) =>
    given.map((list, position) =>
      list.map(({ id, rank, price }) => hitOf(id, [score(rank / 4), sort(price)], position)).sort(better),
    );

  it('gives each document once, where it stands best, and the lower query on ties', () => {
    fc.assert(
      fc.property(lists, fc.nat(20), (given, reach) => {
        const hits = sorted(given);
        const ids = new Set<string>();
        const expected = hits
          .flat()
          .sort(better)
          .filter(({ id }) => !ids.has(id) && ids.add(id))
          .slice(0, reach);
        const got = mergeQueries(hits, reach).map(({ id, position }) => [id, position]);
        // Equal hits of one query keep the order in which they came, which a sort keeps too.
        expect(got).toEqual(expected.map(({ id, position }) => [id, position]));
      }),
    );
  });

  it('keeps documents of different indexes apart, whatever their keys', () => {
    const merged = mergeIndexes([[hitOf(1, [score(1)], 0)], [hitOf(1, [score(1)], 1, 'books')]], 10);
    expect(merged.map(({ indexUid }) => indexUid)).toEqual(['films', 'books']);
  });

  it('tells where a hit comes from in place of what the node told', () => {
    expect(renderFederatedHit(hitOf(1, [score(2)], 3))).toBe(
      '{"id":1,"_federation":{"indexUid":"films","queriesPosition":3,"weightedRankingScore":2.0}}',
    );
  });
});
