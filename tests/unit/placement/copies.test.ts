import { describe, expect, it } from 'vitest';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import { indexRecord, leavingCopy, staleCopy } from '../store/records.ts';

const topology: Pick<ClusterView, 'groups' | 'nodes' | 'owners'> = {
  groups: () => [0, 1],
  nodes: (group) => (group === 0 ? ['a', 'b', 'c'] : ['d']),
  owners: (group) => (group === 0 ? ['b', 'c'] : ['d']),
};
const up = { up: () => true };
const index = indexRecord(1);

describe('copies on their way out', () => {
  it('stand behind the owners of their own group and shard while they serve', () => {
    const copies = createCopyStates([], [leavingCopy({ shard: 2, nodeId: 'a' })]);
    const view = createClusterView(topology, up, copies);
    expect(view.copies(index, 0, 2)).toEqual(['b', 'c', 'a']);
    expect(view.copies(index, 0, 3)).toEqual(['b', 'c']);
    expect(view.copies(index, 1, 2)).toEqual(['d']);
    expect(view.copies(indexRecord(9), 0, 2)).toEqual(['b', 'c']);
  });

  it('are no copies any more once they are surplus, until their documents are gone', () => {
    const copies = createCopyStates([], [leavingCopy({ nodeId: 'a' })]);
    const view = createClusterView(topology, up, copies);
    copies.apply([{ kind: 'putLeaving', record: leavingCopy({ nodeId: 'a', state: 'surplus' }) }]);
    expect(view.copies(index, 0, 2)).toEqual(['b', 'c']);
    expect([view.hasSurplus(index, 'a'), view.hasSurplus(index, 'b')]).toEqual([true, false]);
    copies.apply([{ kind: 'deleteLeaving', indexId: 1, shard: 2, nodeId: 'a' }]);
    expect(view.hasSurplus(index, 'a')).toBe(false);
    expect(copies.leaving()).toEqual([]);
  });

  it('that own the shard again are named once', () => {
    const copies = createCopyStates([], [leavingCopy({ nodeId: 'b' })]);
    expect(createClusterView(topology, up, copies).copies(index, 0, 2)).toEqual(['b', 'c']);
  });

  it('and stale marks go with their index', () => {
    const copies = createCopyStates([staleCopy()], [leavingCopy(), leavingCopy({ indexId: 2 })]);
    copies.apply([{ kind: 'deleteIndex', id: 1 }]);
    expect(copies.isStale(1, 2, 'n1')).toBe(false);
    expect(copies.leaving()).toEqual([leavingCopy({ indexId: 2 })]);
  });
});
