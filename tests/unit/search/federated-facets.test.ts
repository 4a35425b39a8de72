import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FacetOrders, joinFacets, settleFacetOrders } from '../../../src/search/federated/facets.ts';
import { type FacetsJson, mergeFacets } from '../../../src/search/merge/facets.ts';
import { facetsOfHits } from '../../../src/search/merge/hit-facets.ts';
import { plainView } from './fixtures.ts';
import { hitOf } from './raw-hits.ts';

const byText: FacetOrders = new Map([['f', { indexUid: 'a', order: 'alpha' }]]);
const byCount: FacetOrders = new Map([['f', { indexUid: 'a', order: 'count' }]]);

function facets(values: readonly string[]): FacetsJson {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const listed = [...counts].map(([value, count]) => `${JSON.stringify(value)}:${count}`);
  return { distribution: `{"f":{${listed.join(',')}}}`, stats: '{}' };
}

describe('joinFacets', () => {
  it('does not depend on how the values are spread over indexes', () => {
    const value = fc.constantFrom('b', 'a', 'B', 'é', '10', '9');
    fc.assert(
      fc.property(fc.array(fc.array(value)), (parts) => {
        const whole = joinFacets([facets(parts.flat())], byText, null).distribution;
        const joined = joinFacets([facets([]), ...parts.map(facets)], byText, null).distribution;
        expect(joined).toBe(whole);
      }),
    );
  });

  it('orders by bytes or by count, and cuts', () => {
    const both = [facets(['b', 'b', '10']), facets(['9', '9', 'b', 'B'])];
    expect(joinFacets(both, byText, null).distribution).toBe('{"f":{"10":1,"9":2,"B":1,"b":3}}');
    expect(joinFacets(both, byCount, 2).distribution).toBe('{"f":{"b":3,"9":2}}');
    expect(joinFacets(both, byText, 0).distribution).toBe('{"f":{}}');
  });

  it('widens the statistics', () => {
    const of = (min: string, max: string) => ({ distribution: '{}', stats: `{"f":{"min":${min},"max":${max}}}` });
    expect(joinFacets([of('2.0', '3.0'), of('-1.5', '2.5')], byText, null).stats).toBe('{"f":{"min":-1.5,"max":3.0}}');
  });
});

describe('settleFacetOrders', () => {
  it('refuses a second order of the same facet, naming both indexes', () => {
    const orders: FacetOrders = new Map();
    settleFacetOrders(orders, { uid: 'a', facets: ['f'], orderOf: () => 'count' }, 'n');
    settleFacetOrders(orders, { uid: 'b', facets: ['g'], orderOf: () => 'alpha' }, 'n');
    expect(() => settleFacetOrders(orders, { uid: 'b', facets: ['f'], orderOf: () => 'alpha' }, 'n')).toThrow(
      'index `a` orders by count, but index `b` orders alphabetically',
    );
  });
});

describe('facetsOfHits', () => {
  const hit = (text: string) => hitOf(text, plainView);

  it('counts each value of a document once, through arrays and objects', () => {
    const hits = [
      hit('{"a":["x","X ",3,3.0,true,null,""],"b":{"c":[{"d":1.5},{"d":"y"}]},"e":1}'),
      hit('{"a":"x","b":{"c":{"d":-2}}}'),
    ];
    expect(facetsOfHits(hits, (path) => path !== 'e')).toEqual({
      distribution: { a: { x: 2, '3': 1, true: 1 }, 'b.c.d': { '1.5': 1, y: 1, '-2': 1 } },
      stats: { a: { min: 3, max: 3 }, 'b.c.d': { min: -2, max: 1.5 } },
    });
  });

  it('is a part that merges with those of nodes', () => {
    const options = { maxValues: 9, order: () => 'alpha' as const, candidates: 3, hidden: new Set<string>() };
    const node = { distribution: { f: { Zoo: 1, ab: 1 } }, stats: {} };
    const merged = mergeFacets([node, facetsOfHits([hit('{"f":["zoo","c"]}')], () => true)], options);
    expect(merged.distribution).toBe('{"f":{"ab":1,"c":1,"Zoo":2}}');
  });
});
