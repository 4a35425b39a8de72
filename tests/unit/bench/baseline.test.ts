import { describe, expect, it } from 'vitest';
import { readBaseline, regressions } from '../../../bench/baseline.ts';
import { caseName, hotPathCases } from '../../../bench/hot-path.ts';

describe('the benchmark’s baseline', () => {
  it('reports costs that have grown and speeds that have fallen by more than a quarter', () => {
    const baseline = { 'CPU per search, 3 nodes': 2, 'cheap/8 searches/s against one node': 0.5 };
    expect(
      regressions({ 'CPU per search, 3 nodes': 2.4, 'cheap/8 searches/s against one node': 0.41 }, baseline),
    ).toEqual([]);
    expect(
      regressions({ 'CPU per search, 3 nodes': 2.6, 'cheap/8 searches/s against one node': 0.39 }, baseline),
    ).toEqual(['CPU per search, 3 nodes: 2.60, was 2.00', 'cheap/8 searches/s against one node: 0.39, was 0.50']);
  });

  it('counts getting better, and what was not measured before, as no regression', () => {
    const baseline = { 'CPU per search': 2, 'indexing speed against one node': 0.8 };
    expect(
      regressions({ 'CPU per search': 1, 'indexing speed against one node': 1.2, 'something new': 9 }, baseline),
    ).toEqual([]);
  });

  it('is recorded for every kind of ratio', () => {
    const names = Object.keys(readBaseline());
    for (const one of hotPathCases) expect(names).toContain(`CPU per search, ${caseName(one)}`);
    expect(names).toContain('start-up against an empty Node.js process');
    expect(names).toContain('cheap/8 searches/s against Meilisearch federation');
    expect(names).toContain('indexing speed against one node');
  });
});
