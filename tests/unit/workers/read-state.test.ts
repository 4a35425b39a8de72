import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/indexes/catalog.ts';
import { readFeatures } from '../../../src/instance/features.ts';
import { deriveKey } from '../../../src/keys/derive.ts';
import { KeyDirectory } from '../../../src/keys/directory.ts';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { readLayout } from '../../../src/placement/read-layout.ts';
import { createTopology } from '../../../src/placement/topology.ts';
import type { NodeRecord, TopologyRecord } from '../../../src/store/records.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { broadcastChanges, broadcastLag, createBroadcast } from '../../../src/workers/broadcast.ts';
import type { Update } from '../../../src/workers/messages.ts';
import { createReadState, snapshot } from '../../../src/workers/read-state.ts';
import { indexRecord } from '../search/fixtures.ts';
import { keyRecord } from '../store/records.ts';

beforeAll(initHash);

const ids = ['a', 'b', 'c'];
const indexIds = [7, 8];
const keyUids = ['k1', 'k2'];
const masterKey = 'a-master-key-of-enough-length';

function topologyOf(version: number, members: readonly string[]): TopologyRecord {
  const nodes = members.map(
    (id): NodeRecord => ({ id, address: `http://${id}`, group: 0, slot: String(ids.indexOf(id)), state: 'active' }),
  );
  return { version, replicationFactor: 2, nodes, retired: [] };
}

/** The main process's memory, with a broadcast of what changes in it. */
function mainProcess() {
  const broadcast = createBroadcast(60_000);
  const topology = createTopology(topologyOf(1, ids));
  const catalog = createCatalog([]);
  const copies = broadcastLag(createCopyStates([], []), broadcast);
  const directory = new KeyDirectory(masterKey, []);
  const nodes = new Map(ids.map((id) => [id, { up: false, suspect: false }]));
  let features = '{}';
  const view = createClusterView(topology, { up: (id) => nodes.get(id)?.up ?? false }, copies);
  const health = { suspect: (id: string) => nodes.get(id)?.suspect ?? false };
  return {
    broadcast,
    topology,
    catalog,
    copies,
    view,
    health,
    keys: { records: () => directory.newestFirst().reverse() },
    features: { get: () => features },
    /** What the store commits shows to the workers first, then in the mirrors. */
    commit(changes: readonly StoreChange[]): void {
      broadcastChanges(broadcast, changes);
      topology.apply(changes);
      catalog.apply(changes);
      copies.apply(changes);
      for (const id of ids) if (topology.node(id) === undefined) nodes.set(id, { up: false, suspect: false });
      for (const change of changes) {
        if (change.kind === 'putKey') directory.put(change.record);
        else if (change.kind === 'deleteKey') directory.remove(change.uid);
        else if (change.kind === 'putMeta') features = change.value;
      }
    },
    setNode(nodeId: string, { up, suspect }: { up: boolean; suspect: boolean }): void {
      if (topology.node(nodeId) === undefined) return;
      const state = { up, suspect };
      nodes.set(nodeId, state);
      broadcast.send({ kind: 'node', nodeId, ...state });
    },
  };
}

type Main = ReturnType<typeof mainProcess>;

function worker(main: Main) {
  const state = createReadState(masterKey, () => undefined);
  const apply = (update: Update) => {
    if (update.kind !== 'ping' && update.kind !== 'logLevel') state.apply(update);
  };
  main.broadcast.join({ send: (_seq, update) => apply(update), late: () => undefined });
  for (const update of snapshot(main)) apply(structuredClone(update));
  return state;
}

const copy = fc.record({ indexId: fc.constantFrom(...indexIds), shard: fc.nat(3), nodeId: fc.constantFrom(...ids) });
const change = fc.oneof(
  copy.map((c): StoreChange => ({ kind: 'putStale', record: { ...c, since: '', reason: 'missed', cause: 'missed' } })),
  copy.map((c): StoreChange => ({ kind: 'deleteStale', ...c })),
  fc
    .tuple(copy, fc.constantFrom('serving' as const, 'surplus' as const))
    .map(([c, state]): StoreChange => ({ kind: 'putLeaving', record: { ...c, state, since: '' } })),
  copy.map((c): StoreChange => ({ kind: 'deleteLeaving', ...c })),
  fc
    .tuple(fc.constantFrom(...indexIds), fc.constantFrom('x', 'y'))
    .map(([id, uid]): StoreChange => ({ kind: 'putIndex', record: indexRecord({ id, uid, shards: 4 }) })),
  fc.constantFrom(...indexIds).map((id): StoreChange => ({ kind: 'deleteIndex', id })),
  fc.constantFrom(...keyUids).map((uid): StoreChange => ({ kind: 'putKey', record: keyRecord(uid) })),
  fc.constantFrom(...keyUids).map((uid): StoreChange => ({ kind: 'deleteKey', uid })),
  fc
    .tuple(fc.nat(9), fc.subarray(ids, { minLength: 1 }))
    .map(([version, members]): StoreChange => ({ kind: 'putTopology', record: topologyOf(version, members) })),
  fc
    .boolean()
    .map(
      (on): StoreChange => ({ kind: 'putMeta', key: 'experimentalFeatures', value: JSON.stringify({ metrics: on }) }),
    ),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => ({ changes })) },
  { weight: 2, arbitrary: fc.record({ lag: copy, by: fc.constantFrom(1 as const, -1 as const) }) },
  { weight: 2, arbitrary: fc.record({ node: fc.constantFrom(...ids), up: fc.boolean(), suspect: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('worker starts' as const) },
);

/** Everything that a read asks either side. */
function answers(side: Pick<Main, 'topology' | 'catalog' | 'view' | 'health'>, known: KeyDirectory, features: object) {
  const indexes = indexIds.flatMap((id) => side.catalog.all().filter((index) => index.id === id));
  return {
    topology: side.topology.record(),
    visible: ['x', 'y'].map((uid) => side.catalog.visible(uid)),
    layouts: indexes.map((index) => readLayout(side.view, index)),
    nodes: ids.map((id) => [side.view.up(id), side.health.suspect(id)]),
    keys: keyUids.map((uid) => known.byValue(deriveKey(masterKey, uid))),
    features,
  };
}

describe('the state of a worker', () => {
  it('is that of the main process, whenever the worker was started', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const main = mainProcess();
        const workers = [worker(main)];
        for (const one of steps) {
          if (one === 'worker starts') workers.push(worker(main));
          else if ('changes' in one) main.commit(one.changes);
          else if ('lag' in one) main.copies.addLag(one.lag.indexId, one.lag.nodeId, one.by);
          else main.setNode(one.node, one);
        }
        const expected = answers(
          main,
          new KeyDirectory(masterKey, main.keys.records()),
          readFeatures(main.features.get()),
        );
        for (const state of workers) {
          expect(answers({ ...state, health: state }, state.keys, state.features())).toEqual(expected);
        }
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it('tells when a node is used again', () => {
    const back: string[] = [];
    const state = createReadState(null, (nodeId) => back.push(nodeId));
    const node = (up: boolean, suspect: boolean) => state.apply({ kind: 'node', nodeId: 'a', up, suspect });
    node(true, false);
    node(true, false);
    node(true, true);
    node(false, false);
    expect(back).toEqual(['a']);
    node(true, false);
    expect(back).toEqual(['a', 'a']);
  });
});
