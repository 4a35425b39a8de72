import type { CopyStates } from '../placement/copies.ts';
import type { Topology } from '../placement/topology.ts';
import { type ClusterView, holdsCopy } from '../placement/view.ts';
import type { IndexRecord, LeavingCopy } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';

/**
 * Copies on their way out that are no longer needed, because every owner of their shard in their group is in sync: they become
 * surplus. One that has missed writes may not be read and helps nobody either.
 */
export function releasable(
  copies: Pick<CopyStates, 'leaving' | 'isStale'>,
  topology: Pick<Topology, 'node' | 'owners'>,
  byId: (indexId: number) => IndexRecord | null,
): LeavingCopy[] {
  return copies.leaving().filter(({ state, indexId, shard, nodeId }) => {
    if (state !== 'serving') return false;
    const group = topology.node(nodeId)?.group;
    if (byId(indexId) === null || group === undefined || copies.isStale(indexId, shard, nodeId)) return true;
    return topology.owners(group, shard).every((owner) => !copies.isStale(indexId, shard, owner));
  });
}

/** The changes that take copies out of use. */
export function release(
  released: readonly LeavingCopy[],
  copies: Pick<CopyStates, 'isStale'>,
  since: string,
): StoreChange[] {
  return released.flatMap((copy): StoreChange[] => {
    const { indexId, shard, nodeId } = copy;
    const surplus: StoreChange = { kind: 'putLeaving', record: { ...copy, state: 'surplus', since } };
    return copies.isStale(indexId, shard, nodeId)
      ? [{ kind: 'deleteStale', indexId, shard, nodeId }, surplus]
      : [surplus];
  });
}

/**
 * Takes the marks off copies that their node does not hold any more: a write that was on its way when the copy was taken out of
 * use and did not arrive marks it afterwards, and no repair would ever take that mark off.
 */
export function unheldMarks(
  copies: Pick<CopyStates, 'stale'>,
  view: Pick<ClusterView, 'groups' | 'copies'>,
  byId: (indexId: number) => IndexRecord | null,
): StoreChange[] {
  return copies.stale().flatMap(({ indexId, shard, nodeId }): StoreChange[] => {
    const index = byId(indexId);
    if (index === null || holdsCopy(view, index, shard, nodeId)) return [];
    return [{ kind: 'deleteStale', indexId, shard, nodeId }];
  });
}
