import type { CopyStates } from '../placement/copies.ts';
import type { Topology } from '../placement/topology.ts';
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
