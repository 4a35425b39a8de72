import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import { allShards, ownedCounts, planReads } from '../../../src/search/plan.ts';
import { indexRecord } from './fixtures.ts';

beforeAll(initHash);

interface World {
  groups: string[][];
  copies: number;
  shards: number;
  down: Set<string>;
  stale: Set<string>;
}

const world = fc
  .record({
    groups: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    copies: fc.integer({ min: 1, max: 3 }),
    shards: fc.integer({ min: 1, max: 24 }),
    down: fc.array(fc.nat(11)),
    stale: fc.array(fc.tuple(fc.nat(11), fc.nat(23))),
  })
  .map(({ groups, copies, shards, down, stale }): World => {
    let next = 0;
    return {
      groups: groups.map((size) => Array.from({ length: size }, () => `n${next++}`)),
      copies,
      shards,
      down: new Set(down.map((n) => `n${n}`)),
      stale: new Set(stale.map(([n, shard]) => `n${n}/${shard}`)),
    };
  });

function viewOf({ groups, copies, down, stale }: World): ClusterView {
  return {
    groups: () => groups.map((_, g) => g),
    nodes: (g) => groups[g] ?? [],
    owners: (g, shard) => {
      const nodes = groups[g] ?? [];
      return nodes.map((_, i) => nodes[(shard + i) % nodes.length] as string).slice(0, copies);
    },
    up: (node) => !down.has(node),
    inSync: (_, shard, node) => !stale.has(`${node}/${shard}`),
  };
}

describe('planReads', () => {
  it('gives every shard to exactly one readable owner, or calls it missing when there is none', () => {
    fc.assert(
      fc.property(world, fc.nat(100), fc.array(fc.nat(11)), (w, start, avoided) => {
        const view = viewOf(w);
        const index = indexRecord({ shards: w.shards });
        const excluded = new Set(avoided.map((n) => `n${n}`));
        const plan = planReads(view, index, allShards(index), start, excluded);
        const readable = (node: string, shard: number) =>
          !excluded.has(node) && view.up(node) && view.inSync(index, shard, node);
        const planned = [...plan.byNode].flatMap(([node, shards]) => shards.map((shard) => ({ node, shard })));
        expect([...planned.map((p) => p.shard), ...plan.missing].sort((a, b) => a - b)).toEqual(allShards(index));
        for (const { node, shard } of planned) {
          expect(readable(node, shard)).toBe(true);
          expect(view.groups().some((g) => view.owners(g, shard).includes(node))).toBe(true);
        }
        for (const shard of plan.missing) {
          for (const g of view.groups()) expect(view.owners(g, shard).some((n) => readable(n, shard))).toBe(false);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('stays inside the group it starts with while that group can serve', () => {
    const view = viewOf({
      groups: [
        ['a', 'b'],
        ['c', 'd'],
      ],
      copies: 1,
      shards: 8,
      down: new Set(),
      stale: new Set(['d/3']),
    });
    const index = indexRecord({ shards: 8 });
    expect([...planReads(view, index, allShards(index), 2).byNode.keys()].sort()).toEqual(['a', 'b']);
    const second = planReads(view, index, allShards(index), 3).byNode;
    expect([...second.keys()].sort()).toEqual(['b', 'c', 'd']);
    expect(second.get('b')).toEqual([3]);
  });
});

describe('ownedCounts', () => {
  it('counts the shards of each node over all groups', () => {
    const view = viewOf({ groups: [['a', 'b'], ['c']], copies: 1, shards: 4, down: new Set(), stale: new Set() });
    expect(ownedCounts(view, 4)).toEqual(
      new Map([
        ['a', 2],
        ['b', 2],
        ['c', 4],
      ]),
    );
  });
});
