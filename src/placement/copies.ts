import type { StaleCopy } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';

/** Which copies may not be read, mirrored in memory from the store. */
export interface CopyStates {
  /** The copy missed an acknowledged write. */
  isStale(indexId: number, shard: number, nodeId: string): boolean;
  /** The node has accepted, but not yet applied, tasks of the index that clients were told have ended. */
  isLagging(indexId: number, nodeId: string): boolean;
  stale(): StaleCopy[];
  /** Count an open part of an ended task (`+1`), or its end (`-1`). */
  addLag(indexId: number, nodeId: string, by: 1 | -1): void;
  /** Mirror changes that the store has committed. */
  apply(changes: readonly StoreChange[]): void;
}

/** Copy states that start with the store's stale marks. */
export function createCopyStates(marks: readonly StaleCopy[]): CopyStates {
  const stale = new Map<string, StaleCopy>();
  const lag = new Map<string, number>();
  const key = (indexId: number, shard: number, nodeId: string) => `${indexId}/${shard}/${nodeId}`;
  for (const mark of marks) stale.set(key(mark.indexId, mark.shard, mark.nodeId), mark);

  return {
    isStale: (indexId, shard, nodeId) => stale.size > 0 && stale.has(key(indexId, shard, nodeId)),
    isLagging: (indexId, nodeId) => lag.size > 0 && lag.has(`${indexId}/${nodeId}`),
    stale: () => [...stale.values()],
    addLag(indexId, nodeId, by) {
      const name = `${indexId}/${nodeId}`;
      const count = (lag.get(name) ?? 0) + by;
      if (count > 0) lag.set(name, count);
      else lag.delete(name);
    },
    apply(changes) {
      for (const change of changes) {
        if (change.kind === 'putStale') {
          const { indexId, shard, nodeId } = change.record;
          stale.set(key(indexId, shard, nodeId), change.record);
        } else if (change.kind === 'deleteStale') {
          stale.delete(key(change.indexId, change.shard, change.nodeId));
        } else if (change.kind === 'deleteIndex') {
          for (const [name, mark] of stale) if (mark.indexId === change.id) stale.delete(name);
        }
      }
    },
  };
}
