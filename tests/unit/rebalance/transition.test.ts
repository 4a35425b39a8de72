import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { createTopology, createTopologyView } from '../../../src/placement/topology.ts';
import { changeTopology, groupsWithoutRoom, type TopologyChange } from '../../../src/rebalance/change.ts';
import { releasable, release } from '../../../src/rebalance/release.ts';
import { transition } from '../../../src/rebalance/transition.ts';
import type { NodeRecord, TopologyRecord } from '../../../src/store/records.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { indexRecord } from '../store/records.ts';

beforeAll(initHash);

const shards = 32;
const index = { ...indexRecord(1), shards };
const since = '2026-01-01T00:00:00Z';
const node = (id: string, group = 0): NodeRecord => ({
  id,
  address: `http://${id}:7700`,
  group,
  slot: id,
  state: 'active',
});
const topologyOf = (nodes: NodeRecord[], replicationFactor: number): TopologyRecord => ({
  version: 1,
  replicationFactor,
  nodes,
  retired: [],
});

/** A cluster of which only the placement is real: copies are filled by deleting their marks. */
class World {
  readonly copies = createCopyStates([], []);
  readonly topology;
  readonly view;
  filled = 0;

  constructor(record: TopologyRecord) {
    this.topology = createTopology(record);
    this.view = createClusterView(this.topology, { up: () => true }, this.copies);
  }

  apply(changes: readonly StoreChange[]): void {
    this.copies.apply(changes);
    this.topology.apply(changes);
  }

  change(change: TopologyChange): number {
    const from = this.topology.record();
    const to = changeTopology(from, change);
    const result = transition(from, to, { indexes: [index], copies: this.copies, since });
    this.apply(result.changes);
    return result.filling.length;
  }

  /** Whether every group that can hold copies has a readable copy of the shard. */
  readable(group: number, shard: number): string[] {
    return this.view.copies(index, group, shard).filter((id) => this.view.inSync(index, shard, id));
  }

  /** Fill some of the copies that wait for it. */
  fill(pick: (shard: number) => boolean = () => true): void {
    for (const { indexId, shard, nodeId } of this.copies.stale()) {
      if (!pick(shard)) continue;
      this.apply([{ kind: 'deleteStale', indexId, shard, nodeId }]);
      this.filled++;
    }
  }

  releaseAndClean(): void {
    this.apply(
      release(
        releasable(this.copies, this.topology, () => index),
        this.copies,
        since,
      ),
    );
    for (const { indexId, shard, nodeId, state } of this.copies.leaving()) {
      if (state === 'surplus') this.apply([{ kind: 'deleteLeaving', indexId, shard, nodeId }]);
    }
  }

  settle(): void {
    this.fill();
    this.releaseAndClean();
    const holding = new Set(this.copies.leaving().map((copy) => copy.nodeId));
    const gone = this.topology.record().nodes.filter((n) => n.state === 'removing' && !holding.has(n.id));
    if (gone.length > 0) this.change({ kind: 'forget', nodes: gone.map((n) => n.id) });
  }
}

const everyShard = [...Array(shards).keys()];
const groupsOf = (world: World) =>
  world.topology.groups().filter((group) => world.topology.owners(group, 0).length > 0);

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), group: fc.nat(1) }),
  fc.record({
    kind: fc.constantFrom('drain' as const, 'remove' as const, 'lose' as const, 'activate' as const),
    pick: fc.nat(20),
  }),
  fc.record({ kind: fc.constant('factor' as const), value: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('fill' as const), modulo: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('release' as const) }),
);

describe('any sequence of changes of the topology', () => {
  it('leaves every shard readable in every group at every step, and ends where the topology says, with no mark left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 1, max: 2 }), (steps, copies) => {
        const world = new World(
          topologyOf(
            ['a', 'b', 'c'].map((id) => node(id)),
            copies,
          ),
        );
        let fresh = 0;
        for (const s of steps) {
          const record = world.topology.record();
          if (s.kind === 'fill') world.fill((shard) => shard % s.modulo === 0);
          else if (s.kind === 'release') world.releaseAndClean();
          else {
            let change: TopologyChange;
            if (s.kind === 'add') {
              fresh++;
              change = { kind: 'add', nodes: [{ id: `n${fresh}`, address: `http://n${fresh}`, group: s.group }] };
            } else if (s.kind === 'factor') change = { kind: 'replicationFactor', value: s.value };
            else {
              const id = record.nodes[s.pick % record.nodes.length]?.id ?? '';
              if (s.kind === 'activate') change = { kind: 'activate', nodes: [id] };
              else if (s.kind === 'lose') change = { kind: 'lose', node: id };
              else change = { kind: 'drain', nodes: [id], remove: s.kind === 'remove' };
            }
            if (groupsWithoutRoom(record, changeTopology(record, change)).length > 0) continue;
            world.change(change);
          }
          for (const shard of everyShard) {
            expect(world.readable(0, shard).length, `${JSON.stringify(s)} ${shard}`).toBeGreaterThan(0);
          }
        }
        world.settle();
        const target = createTopologyView(world.topology.record());
        for (const group of groupsOf(world)) {
          for (const shard of everyShard)
            expect(world.view.copies(index, group, shard)).toEqual(target.owners(group, shard));
        }
        expect(world.copies.stale()).toEqual([]);
        expect(world.copies.leaving()).toEqual([]);
      }),
      { seed: 5, numRuns: 400 },
    );
  });
});

describe('movement', () => {
  const three = ['meili-0', 'meili-1', 'meili-2'].map((id) => node(id));

  it('is one copy of about a quarter of the shards when a fourth node joins, and they are given back when it leaves', () => {
    for (const factor of [1, 2]) {
      const world = new World(topologyOf(three, factor));
      const joined = world.change({ kind: 'add', nodes: [{ id: 'meili-3', address: 'http://x:1', group: 0 }] });
      const owned = everyShard.filter((shard) => world.topology.owners(0, shard).includes('meili-3')).length;
      expect(joined).toBe(owned);
      expect(joined / (shards * factor)).toBeGreaterThan(0.1);
      expect(joined / (shards * factor)).toBeLessThan(0.4);
      world.settle();
      expect(world.change({ kind: 'drain', nodes: ['meili-3'], remove: true })).toBe(joined);
      world.settle();
      expect(world.topology.record().nodes.map((n) => n.id)).toEqual(three.map((n) => n.id));
      expect(world.topology.record().retired).toEqual(['meili-3']);
    }
  });

  it('is nothing in other groups', () => {
    const world = new World(topologyOf([...three, ...['x', 'y'].map((id) => node(id, 1))], 1));
    world.change({ kind: 'add', nodes: [{ id: 'meili-3', address: 'http://x:1', group: 0 }] });
    expect(new Set(world.copies.stale().map((mark) => mark.nodeId))).toEqual(new Set(['meili-3']));
    expect(world.copies.leaving().every((copy) => copy.nodeId.startsWith('meili-'))).toBe(true);
  });

  it('is nothing when a node that was given up returns before anybody took over', () => {
    const world = new World(topologyOf(three, 1));
    world.change({ kind: 'lose', node: 'meili-1' });
    expect(world.change({ kind: 'activate', nodes: ['meili-1'] })).toBe(0);
    world.settle();
    expect(world.filled).toBe(0);
  });

  it('fills a replacement with just what its predecessor held', () => {
    const world = new World(topologyOf(three, 1));
    const held = everyShard.filter((shard) => world.topology.owners(0, shard).includes('meili-1')).length;
    expect(world.change({ kind: 'replace', node: 'meili-1', by: { id: 'meili-9', address: 'http://n:1' } })).toBe(held);
    expect(new Set(world.copies.leaving().map((copy) => copy.nodeId))).toEqual(new Set(['meili-1']));
    world.settle();
    expect(world.topology.record().nodes.map((n) => n.id)).toEqual(['meili-0', 'meili-2', 'meili-9']);
  });
});

describe('what cannot be done', () => {
  const record = topologyOf(
    ['a', 'b'].map((id) => node(id)),
    2,
  );
  const refused = (change: TopologyChange) => () => changeTopology(record, change);

  it('is refused with a reason', () => {
    expect(refused({ kind: 'add', nodes: [{ id: 'a', address: 'http://z', group: 0 }] })).toThrow('already a node `a`');
    expect(refused({ kind: 'add', nodes: [{ id: 'c', address: 'http://b:7700', group: 0 }] })).toThrow(
      '`b` has the address',
    );
    expect(refused({ kind: 'drain', nodes: ['q'], remove: false })).toThrow('not part of the cluster');
    expect(refused({ kind: 'forget', nodes: ['a', 'b'] })).toThrow('last node');
    const retired = changeTopology(record, { kind: 'forget', nodes: ['a'] });
    expect(() => changeTopology(retired, { kind: 'add', nodes: [{ id: 'a', address: 'http://n', group: 0 }] })).toThrow(
      'never reused',
    );
  });

  it('is seen where too few nodes would be left for the copies', () => {
    const drained = changeTopology(record, { kind: 'drain', nodes: ['a'], remove: true });
    expect(groupsWithoutRoom(record, drained)).toEqual([0]);
    expect(groupsWithoutRoom(record, changeTopology(record, { kind: 'replicationFactor', value: 1 }))).toEqual([]);
  });

  it('is seen where more copies are asked for than there are nodes', () => {
    const copies = (value: number) => changeTopology(record, { kind: 'replicationFactor', value });
    const active = record.nodes.filter(({ state }) => state === 'active').length;
    expect(groupsWithoutRoom(record, copies(active))).toEqual([]);
    expect(groupsWithoutRoom(record, copies(active + 1))).toEqual([0]);
  });
});
