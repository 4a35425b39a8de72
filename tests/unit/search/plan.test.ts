import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { readLayout } from '../../../src/placement/read-layout.ts';
import { createTopologyView } from '../../../src/placement/topology.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import { allShards, planReads } from '../../../src/search/plan.ts';
import type { IndexRecord } from '../../../src/store/records.ts';
import { steadyView } from '../placement/steady-view.ts';
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
  const view: ClusterView = {
    groups: () => groups.map((_, g) => g),
    nodes: (g) => groups[g] ?? [],
    owners: (g, shard) => {
      const nodes = groups[g] ?? [];
      return nodes.map((_, i) => nodes[(shard + i) % nodes.length] as string).slice(0, copies);
    },
    up: (node) => !down.has(node),
    copies: (_, g, shard) => view.owners(g, shard),
    hasSurplus: () => false,
    inSync: (_, shard, node) => !stale.has(`${node}/${shard}`),
  };
  return view;
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

/** Nodes of so many groups over a real topology, all well. */
function topologyOf(groups: number, nodes: number, copies: number): ClusterView {
  const records = Array.from({ length: groups * nodes }, (_, i) => ({
    id: `meili-${i}`,
    address: '',
    group: Math.floor(i / nodes),
    slot: `meili-${i}`,
    state: 'active' as const,
  }));
  const topology = createTopologyView({ version: 1, replicationFactor: copies, nodes: records, retired: [] });
  return steadyView(topology);
}

/** Requests and shards that each node gets over many different reads, and the mean number of nodes asked. */
function spread(view: ClusterView, shards: number, reads: number) {
  const index = indexRecord({ shards });
  const requests = new Map<string, number>();
  const shares = new Map<string, number>();
  let fanOut = 0;
  for (let seed = 0; seed < reads; seed++) {
    const { byNode } = planReads(view, index, allShards(index), seed);
    fanOut += byNode.size;
    for (const [node, part] of byNode) {
      requests.set(node, (requests.get(node) ?? 0) + 1);
      shares.set(node, (shares.get(node) ?? 0) + part.length);
    }
  }
  const evenness = (counts: Map<string, number>) => Math.max(...counts.values()) / Math.min(...counts.values());
  return { nodes: requests.size, fanOut: fanOut / reads, requests: evenness(requests), shares: evenness(shares) };
}

describe('the choice among copies', () => {
  it.each([
    { groups: 1, nodes: 2, copies: 2, fanOut: 1 },
    { groups: 1, nodes: 3, copies: 2, fanOut: 2 },
    { groups: 1, nodes: 4, copies: 2, fanOut: 3 },
    { groups: 1, nodes: 6, copies: 3, fanOut: 4 },
    { groups: 2, nodes: 3, copies: 2, fanOut: 2 },
    { groups: 2, nodes: 3, copies: 1, fanOut: 3 },
  ])('uses all of $groups x $nodes nodes evenly with $copies copies, $fanOut for one read', (layout) => {
    const { groups, nodes, copies } = layout;
    const seen = spread(topologyOf(groups, nodes, copies), 64, 3_000);
    expect(seen.nodes).toBe(groups * nodes);
    expect(seen.fanOut).toBeCloseTo(layout.fanOut, 0);
    expect(seen.requests).toBeLessThan(1.2);
    // with one copy the owners are what they are
    if (copies > 1) expect(seen.shares).toBeLessThan(1.35);
  });

  const withRanks = (ranks: Record<string, 'slow' | 'suspect'>, costs: Record<string, number> = {}) => ({
    standing: (node: string) => ({ rank: ranks[node] ?? ('good' as const), cost: costs[node] ?? 1 }),
    leastLoadedGroup: true,
  });

  it('asks slow nodes only where no good one has the shard, and suspect ones only where nobody else has it', () => {
    const rank = fc.constantFrom('good', 'slow', 'suspect');
    fc.assert(
      fc.property(world, fc.nat(100), fc.array(rank, { minLength: 12, maxLength: 12 }), (w, seed, drawn) => {
        const view = viewOf(w);
        const index = indexRecord({ shards: w.shards });
        const order = { good: 0, slow: 1, suspect: 2 };
        const rankOf = (node: string) => drawn[Number(node.slice(1))] as keyof typeof order;
        const preference = { standing: (node: string) => ({ rank: rankOf(node), cost: 1 }), leastLoadedGroup: false };
        const plan = planReads(view, index, allShards(index), seed, new Set(), preference);
        expect(planReads(view, index, allShards(index), seed, new Set(), preference)).toEqual(plan);
        for (const [node, shards] of plan.byNode) {
          for (const shard of shards) {
            const copies = view.groups().flatMap((g) => view.owners(g, shard));
            const usable = copies.filter((copy) => view.up(copy) && view.inSync(index, shard, copy));
            expect(order[rankOf(node)]).toBe(Math.min(...usable.map((copy) => order[rankOf(copy)])));
          }
        }
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  it('asks no node that could be left out', () => {
    fc.assert(
      fc.property(world, fc.nat(100), (w, seed) => {
        const view = viewOf({ ...w, groups: w.groups.slice(0, 1) });
        const index = indexRecord({ shards: w.shards });
        const { byNode } = planReads(view, index, allShards(index), seed);
        for (const left of byNode.keys()) {
          const others = new Set([...byNode.keys()].filter((node) => node !== left));
          const has = (shard: number) =>
            view.owners(0, shard).some((node) => others.has(node) && view.inSync(index, shard, node));
          expect([...byNode.values()].flat().every(has)).toBe(false);
        }
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  it('keeps a query in its group, unless that one is clearly more loaded', () => {
    const view = topologyOf(2, 2, 2);
    const index = indexRecord({ shards: 8 });
    const groupAsked = (seed: number, costs: Record<string, number>) =>
      [...planReads(view, index, allShards(index), seed, new Set(), withRanks({}, costs)).byNode.keys()].map((node) =>
        view.nodes(0).includes(node) ? 0 : 1,
      );
    for (let seed = 0; seed < 20; seed++) {
      expect(groupAsked(seed, { 'meili-0': 1.5 })).toEqual([seed % 2]);
      expect(groupAsked(seed, { 'meili-0': 5 })).toEqual([1]);
    }
  });
});

describe('held shards', () => {
  it('counts the shards of each node over all groups', () => {
    const view = viewOf({ groups: [['a', 'b'], ['c']], copies: 1, shards: 4, down: new Set(), stale: new Set() });
    expect(readLayout(view, indexRecord({ shards: 4 })).held).toEqual(
      new Map([
        ['a', 2],
        ['b', 2],
        ['c', 4],
      ]),
    );
  });

  it('leaves out nodes with documents that nobody uses', () => {
    const view = viewOf({ groups: [['a', 'b']], copies: 1, shards: 4, down: new Set(), stale: new Set() });
    const surplus = { ...view, hasSurplus: (_: IndexRecord, node: string) => node === 'b' };
    expect(readLayout(surplus, indexRecord({ shards: 4 })).held).toEqual(new Map([['a', 2]]));
  });
});
