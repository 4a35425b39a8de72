import type { CopyStates } from '../placement/copies.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask } from './active.ts';

/** Ids that one write may leave in the log of one copy; beyond that the copy is compared as a whole. */
const maxIdsPerWrite = 10_000;

/**
 * What goes into the log of copies that missed a task: the documents it touched in their shards. Each copy's log begins with
 * the write that made it stale; a copy that was marked for another reason has none that is complete.
 */
export function missedWrites(
  copies: Pick<CopyStates, 'isStale'>,
  task: Pick<ActiveTask, 'touched'> & { record: { uid: number } },
  indexId: number,
  missed: readonly { shard: number; nodeId: string }[],
): StoreChange[] {
  return missed.map(({ shard, nodeId }): StoreChange => {
    const ids = task.touched === null ? null : (task.touched.get(shard) ?? []);
    return {
      kind: 'putMissed',
      record: {
        indexId,
        shard,
        nodeId,
        taskUid: task.record.uid,
        ids: ids === null || ids.length > maxIdsPerWrite ? null : [...ids],
        first: !copies.isStale(indexId, shard, nodeId),
      },
    };
  });
}
