import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { seedTopology } from '../../../src/placement/seed.ts';
import { createTopology } from '../../../src/placement/topology.ts';
import { createRebalance, type RebalanceOptions } from '../../../src/rebalance/service.ts';
import type { TopologyRecord } from '../../../src/store/records.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { createGate } from '../../../src/tasks/gate.ts';
import { indexRecord } from '../store/records.ts';

beforeAll(initHash);

const index = { ...indexRecord(1), shards: 16 };
const named = (id: string) => ({ id, address: `http://${id}`, group: 0 });
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A service over a store that takes its time for each commit. */
async function start(
  initial: TopologyRecord = seedTopology({ replicationFactor: 1, nodes: ['a', 'b', 'c'].map(named) }),
) {
  const topology = createTopology(initial);
  const copies = createCopyStates([], []);
  const meta = new Map<string, string>();
  let failing = false;
  let cleaning = true;
  const state = {
    copies,
    topology,
    catalog: { all: () => [index], byId: (id: number) => (id === index.id ? index : null) },
    view: createClusterView(topology, { up: () => true }, copies),
    store: { meta: async (key: string) => meta.get(key) ?? null },
    async commit(changes: readonly StoreChange[]) {
      for (let i = 0; i < 3; i++) await tick();
      if (failing) throw new Error('the disk is full');
      for (const change of changes) if (change.kind === 'putMeta') meta.set(change.key, change.value);
      copies.apply(changes);
      topology.apply(changes);
    },
  } as unknown as RebalanceOptions['state'];
  const options: RebalanceOptions = {
    state,
    topology,
    gate: createGate(1_000),
    cleaner: {
      async clean() {
        if (!cleaning) return 0;
        const gone = copies.leaving().filter((copy) => copy.state === 'surplus');
        await state.commit(
          gone.map(({ indexId, shard, nodeId }) => ({ kind: 'deleteLeaving', indexId, shard, nodeId })),
        );
        return gone.length;
      },
    },
    readable: () => ({ readable: 1, total: 1 }),
    lastCopiesOn: () => 0,
    measure: async () => undefined,
    documentsToMove: (_before, filling) => filling.length * 100,
    onTopology: () => undefined,
    now: Date.now,
    log: pino({ enabled: false }),
  };
  const fill = () =>
    copies.apply(copies.stale().map(({ indexId, shard, nodeId }) => ({ kind: 'deleteStale', indexId, shard, nodeId })));
  return {
    service: await createRebalance(options),
    restarted: () => createRebalance(options),
    topology,
    copies,
    fill,
    fail: (value: boolean) => {
      failing = value;
    },
    /** Nodes take their time to delete documents. */
    clean: (value: boolean) => {
      cleaning = value;
    },
  };
}

const idsOf = (topology: { record(): TopologyRecord }) => topology.record().nodes.map(({ id }) => id);

describe('changes that come at the same time', () => {
  it('all count', async () => {
    const { service, topology } = await start();
    await Promise.all(['d', 'e', 'f'].map((id) => service.change([{ kind: 'add', nodes: [named(id)] }])));
    expect(idsOf(topology)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it.each(Array.from({ length: 16 }, (_, ticks) => ticks))(
    'are not undone by a node that leaves %i steps later',
    async (ticks) => {
      const { service, topology, fill } = await start();
      await service.change([{ kind: 'drain', nodes: ['a'], remove: true }]);
      fill();
      const advanced = service.advance();
      for (let i = 0; i < ticks; i++) await tick();
      await Promise.all([advanced, service.change([{ kind: 'add', nodes: [named('d')] }])]);
      for (let i = 0; i < 3; i++) {
        fill();
        await service.advance();
      }
      expect(idsOf(topology)).toEqual(['b', 'c', 'd']);
      expect(service.status().state).toBe('idle');
    },
  );

  it('keep the record of the rebalance that they are part of', async () => {
    const { service, fill } = await start();
    await service.change([{ kind: 'add', nodes: [named('d')] }]);
    fill();
    await service.advance();
    await Promise.all([service.advance(), service.change([{ kind: 'add', nodes: [named('e')] }])]);
    expect(service.status().state).toBe('moving');
    await service.cancel();
  });
});

describe('a rebalance under way', () => {
  it('is cancelled after a restart, back to the nodes and copies of before', async () => {
    const { service, restarted, topology, copies, fill } = await start();
    const owners = () => Array.from({ length: index.shards }, (_, shard) => [...topology.owners(0, shard)]);
    const before = owners();
    await service.change([{ kind: 'add', nodes: [named('d')] }]);
    await service.change([{ kind: 'drain', nodes: ['b'], remove: false }]);
    expect(owners()).not.toEqual(before);
    const again = await restarted();
    expect(again.status().state).toBe('moving');
    await again.cancel();
    expect(owners()).toEqual(before);
    expect(copies.stale()).toEqual([]);
    fill();
    for (let i = 0; i < 3; i++) await again.advance();
    expect(idsOf(topology)).toEqual(['a', 'b', 'c']);
    expect(copies.leaving()).toEqual([]);
    expect(again.status().state).toBe('idle');
    await expect(again.cancel()).rejects.toThrow('No rebalance is under way.');
  });

  it('keeps the marks on what a node that leaves no longer serves for as long as it serves anything', async () => {
    const { service, copies, fill, clean, topology } = await start();
    clean(false);
    await service.change([{ kind: 'drain', nodes: ['a'], remove: true }]);
    const last = copies.stale()[0]!;
    fill();
    copies.apply([{ kind: 'putStale', record: last }]);
    await service.advance();
    expect(copies.leaving().filter(({ state }) => state === 'serving')).toHaveLength(1);
    expect(copies.hasSurplus(index.id, 'a')).toBe(true);
    fill();
    await service.advance();
    expect([copies.leaving(), idsOf(topology)]).toEqual([[], ['b', 'c']]);
  });

  it('leaves no mark on a copy that a late write missed after it was taken out of use', async () => {
    const { service, copies, fill } = await start();
    await service.change([{ kind: 'add', nodes: [named('d')] }]);
    fill();
    const [former] = copies.leaving();
    await service.advance();
    const mark = { ...former!, since: '2026-01-01T00:00:00Z', reason: 'missed task 7', cause: 'missed' as const };
    copies.apply([{ kind: 'putStale', record: mark }]);
    await service.advance();
    expect(copies.stale()).toEqual([]);
  });

  it('did not begin when it could not be written down', async () => {
    const { service, topology, fail } = await start();
    fail(true);
    await expect(service.change([{ kind: 'add', nodes: [named('d')] }])).rejects.toThrow('the disk is full');
    expect(service.status().state).toBe('idle');
    expect(idsOf(topology)).toEqual(['a', 'b', 'c']);
    fail(false);
    await service.change([{ kind: 'add', nodes: [named('d')] }]);
    expect(service.status().state).toBe('moving');
  });
});
