import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countValues,
  disputedValues,
  mergeFacets,
  type NodeFacets,
  sumCounts,
} from '../../../src/search/merge/facets.ts';

const shown = { maxValues: 100, order: () => 'alpha' as const, candidates: 10, hidden: new Set<string>() };

/** What a node answers for documents that have these values in the field `f`. */
function node(values: readonly (string | number)[]): NodeFacets {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const numbers = values.filter((value) => typeof value === 'number');
  return {
    distribution: { f: Object.fromEntries(counts) },
    stats: numbers.length === 0 ? {} : { f: { min: Math.min(...numbers), max: Math.max(...numbers) } },
  };
}

describe('mergeFacets', () => {
  it('counts a random split like the whole', () => {
    const value = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constantFrom('x', 'y', 'zebra', 'é'));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.nat(2))), fc.integer({ min: 0, max: 9_000 }), (items, candidates) => {
        const whole = node(items.map(([v]) => v));
        const parts = [0, 1, 2].map((part) => node(items.filter(([, p]) => p === part).map(([v]) => v)));
        const options = { ...shown, candidates };
        expect(mergeFacets(parts, options)).toEqual(mergeFacets([whole], options));
        expect(countValues(parts, 'f')).toBe(new Set(items.map(([v]) => v)).size);
        expect(sumCounts(parts, 'f')).toBe(items.length);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('lists numbers in the order of their text up to 3000 candidates, by size above', () => {
    const nodes = [node([10, 9]), node([100, 'b', 'a'])];
    expect(mergeFacets(nodes, { ...shown, candidates: 3_000 }).distribution).toBe(
      '{"f":{"10":1,"100":1,"9":1,"a":1,"b":1}}',
    );
    expect(mergeFacets(nodes, { ...shown, candidates: 3_001 }).distribution).toBe(
      '{"f":{"9":1,"10":1,"100":1,"a":1,"b":1}}',
    );
  });

  it('takes texts that look like numbers for strings where the field has no numbers', () => {
    const nodes = [node(['10', '9']), node(['100'])];
    expect(mergeFacets(nodes, { ...shown, candidates: 5_000 })).toEqual({
      distribution: '{"f":{"10":1,"100":1,"9":1}}',
      stats: '{}',
    });
  });

  it('adds spellings of one value together and keeps the first spelling', () => {
    expect(mergeFacets([node(['Zoo', 'Zoo']), node(['zoo', 'ab'])], shown).distribution).toBe('{"f":{"ab":1,"Zoo":3}}');
  });

  it('orders by count with the greater value first among equals, and cuts', () => {
    const options = { ...shown, order: () => 'count' as const, maxValues: 2 };
    expect(mergeFacets([node(['a', 'b', 'c']), node(['a', 'b', 'c', 'c'])], options).distribution).toBe(
      '{"f":{"c":3,"b":2}}',
    );
  });

  it('shows all strings behind as many numbers as are allowed, except where documents are counted one by one', () => {
    const nodes = [node([1, 2, 3, 'a', 'b'])];
    expect(mergeFacets(nodes, { ...shown, maxValues: 2, candidates: 10 }).distribution).toBe('{"f":{"1":1,"2":1}}');
    expect(mergeFacets(nodes, { ...shown, maxValues: 2, candidates: 4_000 }).distribution).toBe(
      '{"f":{"1":1,"2":1,"a":1,"b":1}}',
    );
  });

  it('takes the least minimum and greatest maximum, printed as nodes print them, and leaves hidden fields out', () => {
    const a = { distribution: { f: {}, _own: { x: 1 } }, stats: { f: { min: 1, max: 2.5e21 } } };
    const b = { distribution: { f: {}, e: {} }, stats: { f: { min: -3, max: 2 } } };
    expect(mergeFacets([a, b], { ...shown, hidden: new Set(['_own']) })).toEqual({
      distribution: '{"e":{},"f":{}}',
      stats: '{"f":{"min":-3.0,"max":2.5e21}}',
    });
  });

  it('knows fields and values that are named like what every object has', () => {
    const text = '{"constructor":{"__proto__":1},"__proto__":{"toString":2,"10":1,"a":1}}';
    const one = { distribution: JSON.parse(text) as NodeFacets['distribution'], stats: {} };
    expect(mergeFacets([one, one], shown)).toEqual({
      distribution: '{"__proto__":{"10":2,"a":2,"toString":4},"constructor":{"__proto__":2}}',
      stats: '{}',
    });
  });

  it('spells a disputed value as it is told to', () => {
    const nodes = [node(['Zoo', 'Zoo', 'ab']), node(['zoo', 'ab'])];
    expect(disputedValues(nodes)).toEqual([{ field: 'f', key: 'zoo', text: 'Zoo', count: 3 }]);
    const spellings = new Map([['f', new Map([['zoo', 'zOO']])]]);
    expect(mergeFacets(nodes, { ...shown, spellings }).distribution).toBe('{"f":{"ab":2,"zOO":3}}');
  });
});
