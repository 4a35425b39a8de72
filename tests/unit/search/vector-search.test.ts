import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { overFetchFactor, semanticReach, vectorSearch } from '../../../src/search/vector-search.ts';
import { searchQuery } from './fixtures.ts';

const settings = parseReadSettings(
  JSON.stringify({
    embedders: { own: { source: 'userProvided', dimensions: 2 }, rest: { source: 'rest' } },
  }),
);
const part = (change: Parameters<typeof searchQuery>[0]) => vectorSearch(searchQuery(change), settings);
const hybrid = (embedder: string, semanticRatio: number) => ({ embedder, semanticRatio });

describe('vectorSearch', () => {
  it('finds no part for vectors without hybrid, with ratio 0, and for a placeholder', () => {
    expect(part({ q: 'a' })).toBeNull();
    expect(part({ q: 'a', vector: [1, 2], hybrid: hybrid('own', 0) })).toBeNull();
    expect(part({ q: ' ', hybrid: hybrid('rest', 0.5) })).toBeNull();
  });

  it('leaves what a node refuses to the node', () => {
    expect(part({ q: 'a', hybrid: hybrid('none', 0.5) })).toBeNull();
    expect(part({ q: 'a', vector: [1], hybrid: hybrid('own', 0.5) })).toBeNull();
    expect(part({ q: 'a', hybrid: hybrid('own', 1) })).toBeNull();
  });

  it('lets vectors rank alone without words, whatever the ratio', () => {
    expect(part({ q: '', vector: [1, 2], hybrid: hybrid('own', 0.3) })).toMatchObject({ semanticRatio: 1 });
    expect(part({ q: 'a', vector: [1, 2], hybrid: hybrid('own', 0.3) })).toMatchObject({ semanticRatio: 0.3 });
  });

  it('knows whether a text can be embedded', () => {
    expect(part({ q: 'a', hybrid: hybrid('own', 0.5) })).toMatchObject({ needsVector: true, impossible: true });
    expect(part({ q: 'a', hybrid: hybrid('rest', 0.5) })).toMatchObject({ needsVector: true, impossible: false });
  });
});

describe('semanticReach', () => {
  const bounds = { least: 100, maxTotalHits: 1_000 };

  it('asks for at least so many, for a multiple when told so, never beyond the index', () => {
    expect(semanticReach(20, { ...bounds, factor: null })).toBe(100);
    expect(semanticReach(300, { ...bounds, factor: null })).toBe(300);
    expect(semanticReach(20, { ...bounds, factor: 1 })).toBe(20);
    expect(semanticReach(300, { ...bounds, factor: 4 })).toBe(1_000);
    expect(semanticReach(0, { ...bounds, factor: 4 })).toBe(0);
  });
});

describe('overFetchFactor', () => {
  it('takes whole numbers from 1 to 50', () => {
    expect([undefined, '1', ' 50 '].map(overFetchFactor)).toEqual([null, 1, 50]);
    for (const bad of ['', '0', '51', '1.5', '-3', 'x']) expect(() => overFetchFactor(bad)).toThrow(ApiError);
  });
});
