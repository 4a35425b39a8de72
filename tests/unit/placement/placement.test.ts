import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hash64, initHash, shardOf } from '../../../src/placement/hash.ts';
import { rank } from '../../../src/placement/rendezvous.ts';
import { createTopologyView } from '../../../src/placement/topology.ts';
import type { NodeRecord, TopologyRecord } from '../../../src/store/records.ts';

beforeAll(initHash);

const shards = 64;
const every = [...Array(shards).keys()];
const topology = (nodes: NodeRecord[], replicationFactor: number): TopologyRecord => ({
  version: 1,
  replicationFactor,
  nodes,
  retired: [],
});
const node = (id: string, group: number): NodeRecord => ({
  id,
  address: `http://${id}`,
  group,
  slot: id,
  state: 'active',
});
const nodeIds = fc.uniqueArray(fc.stringMatching(/^[a-z0-9.-]{1,12}$/), { minLength: 1, maxLength: 8 });
const seeded = { seed: 20, numRuns: 200 };

describe('hash', () => {
  it('is xxh64 with seed 0 of the UTF-8 bytes', () => {
    expect(hash64('')).toBe(0xef46db3751d8e999n);
    expect(hash64('a')).toBe(0xd24ec4f1a98c6e5bn);
    expect(hash64('xxhash')).toBe(3665147885093898016n);
  });

  it('takes the remainder of all 64 bits', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 4096 }), (id, count) => {
        expect(BigInt(shardOf(id, count))).toBe(hash64(id) % BigInt(count));
      }),
      seeded,
    );
  });

  it('spreads ids evenly', () => {
    const counts = Array<number>(shards).fill(0);
    for (let id = 0; id < 64_000; id++) counts[shardOf(String(id), shards)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});

describe('rendezvous', () => {
  it.each([
    ['meili-0', 'meili-1', 'meili-2'],
    ['meili-1', 'meili-2', 'meili-3'],
    ['node-0', 'node-1', 'node-2'],
    ['n0', 'n1', 'n2'],
  ])('gives %s, %s and %s 18 to 26 of 64 shards each', (...ids) => {
    for (const id of ids) {
      const owned = every.filter((shard) => rank(shard, ids)[0] === id).length;
      expect(owned).toBeGreaterThanOrEqual(18);
      expect(owned).toBeLessThanOrEqual(26);
    }
  });

  it('does not depend on the order of the nodes, and names each once', () => {
    fc.assert(
      fc.property(nodeIds, fc.nat(4095), (ids, shard) => {
        const ranked = rank(shard, ids);
        expect(ranked).toEqual(rank(shard, [...ids].reverse()));
        expect([...ranked].sort()).toEqual([...ids].sort());
      }),
      seeded,
    );
  });

  it('keeps the relative order of the others when a node comes or goes', () => {
    fc.assert(
      fc.property(nodeIds, fc.nat(4095), (ids, shard) => {
        const [gone, ...rest] = ids;
        expect(rank(shard, ids).filter((id) => id !== gone)).toEqual(rank(shard, rest));
      }),
      seeded,
    );
  });
});

describe('topology', () => {
  it('covers every shard in every group with min(RF, nodes) copies on different nodes of the group', () => {
    fc.assert(
      fc.property(nodeIds, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), (ids, rf, groupCount) => {
        const view = createTopologyView(
          topology(
            ids.map((id, i) => node(id, (i * 7) % groupCount)),
            rf,
          ),
        );
        expect([...view.groups()]).toEqual([...new Set(ids.map((_, i) => (i * 7) % groupCount))].sort());
        for (const group of view.groups()) {
          const members = view.nodes(group);
          expect([...members]).toEqual([...members].sort());
          for (const shard of every) {
            const owners = view.owners(group, shard);
            expect(owners).toHaveLength(Math.min(rf, members.length));
            expect(new Set(owners).size).toBe(owners.length);
            for (const owner of owners) expect(members).toContain(owner);
          }
        }
      }),
      { seed: 20, numRuns: 60 },
    );
  });

  it('moves about a quarter, only onto the new node, and nothing in other groups, when a fourth node joins', () => {
    const before = ['meili-0', 'meili-1', 'meili-2'].map((id) => node(id, 0));
    const other = ['meili-4', 'meili-5', 'meili-6'].map((id) => node(id, 1));
    const old = createTopologyView(topology([...before, ...other], 1));
    const grown = createTopologyView(topology([...before, node('meili-3', 0), ...other], 1));
    const many = [...Array(4096).keys()];
    const moved = many.filter((shard) => old.owners(0, shard)[0] !== grown.owners(0, shard)[0]);
    for (const shard of moved) expect(grown.owners(0, shard)).toEqual(['meili-3']);
    expect(moved.length / many.length).toBeGreaterThan(0.23);
    expect(moved.length / many.length).toBeLessThan(0.27);
    for (const shard of many) expect(grown.owners(1, shard)).toEqual(old.owners(1, shard));
  });

  it('moves at most one copy of a shard when a node joins, with RF 2', () => {
    const three = ['a', 'b', 'c'].map((id) => node(id, 0));
    const old = createTopologyView(topology(three, 2));
    const grown = createTopologyView(topology([...three, node('d', 0)], 2));
    for (const shard of every) {
      const fresh = grown.owners(0, shard).filter((id) => !old.owners(0, shard).includes(id));
      expect(fresh.length === 0 || (fresh.length === 1 && fresh[0] === 'd')).toBe(true);
    }
  });

  it('knows no group that has no node', () => {
    const view = createTopologyView(topology([node('a', 2)], 1));
    expect(view.groups()).toEqual([2]);
    expect(view.owners(0, 1)).toEqual([]);
    expect(view.nodes(0)).toEqual([]);
  });
});
