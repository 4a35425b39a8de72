import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { createReadLayouts, readLayout } from '../../../src/placement/read-layout.ts';
import { createTopology } from '../../../src/placement/topology.ts';
import type { NodeRecord, TopologyRecord } from '../../../src/store/records.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { indexRecord } from '../search/fixtures.ts';

beforeAll(initHash);

const ids = ['a', 'b', 'c', 'd'];
const index = indexRecord({ id: 7, shards: 6 });

function topologyOf(version: number, members: readonly string[]): TopologyRecord {
  const nodes = members.map(
    (id): NodeRecord => ({
      id,
      address: `http://${id}`,
      group: id === 'd' ? 1 : 0,
      slot: String(ids.indexOf(id)),
      state: 'active',
    }),
  );
  return { version, replicationFactor: 2, nodes, retired: [] };
}

const copy = fc.record({ shard: fc.nat(5), nodeId: fc.constantFrom(...ids) });
const step = fc.oneof(
  copy.map(
    ({ shard, nodeId }): StoreChange => ({
      kind: 'putStale',
      record: { indexId: 7, shard, nodeId, since: '', reason: 'missed', cause: 'missed' },
    }),
  ),
  copy.map(({ shard, nodeId }): StoreChange => ({ kind: 'deleteStale', indexId: 7, shard, nodeId })),
  fc.tuple(copy, fc.constantFrom('serving' as const, 'surplus' as const)).map(
    ([{ shard, nodeId }, state]): StoreChange => ({
      kind: 'putLeaving',
      record: { indexId: 7, shard, nodeId, state, since: '' },
    }),
  ),
  copy.map(({ shard, nodeId }): StoreChange => ({ kind: 'deleteLeaving', indexId: 7, shard, nodeId })),
  fc
    .tuple(fc.constantFrom(...ids), fc.constantFrom(1 as const, -1 as const))
    .map(([nodeId, by]) => ({ lag: nodeId, by })),
  fc.subarray(ids, { minLength: 1 }).map((members) => ({ members })),
);

describe('remembered layouts', () => {
  it('are what a look at every copy gives, whatever changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const topology = createTopology(topologyOf(1, ids));
        const copies = createCopyStates([], []);
        const view = createClusterView(topology, { up: () => true }, copies);
        const layouts = createReadLayouts(() => `${topology.record().version}/${copies.version()}`);
        for (const [i, change] of steps.entries()) {
          if ('lag' in change) copies.addLag(7, change.lag, change.by);
          else if ('kind' in change) copies.apply([change]);
          else topology.apply([{ kind: 'putTopology', record: topologyOf(i + 2, change.members) }]);
          expect(layouts(view, index)).toEqual(readLayout(view, index));
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('are made once while nothing changes', () => {
    const topology = createTopology(topologyOf(1, ids));
    const view = createClusterView(topology, { up: () => true }, createCopyStates([], []));
    const layouts = createReadLayouts(() => 'same');
    expect(layouts(view, index)).toBe(layouts(view, index));
  });
});
