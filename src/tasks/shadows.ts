import { shardOf } from '../placement/hash.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { PartRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask, Touched } from './active.ts';
import type { ClusterState } from './cluster-state.ts';
import { missedWrites } from './missed-log.ts';

/**
 * A task on an index that is being resharded has parts for both layouts. What becomes of the task is decided by the parts of the
 * layout that readers see; a shadow only has to be known to differ where it does, so that it is filled again.
 */

/** The parts that write the task's own generation. */
export function ownParts<P extends { shadowId?: number | null }>(parts: readonly P[]): P[] {
  return parts.filter((part) => (part.shadowId ?? null) === null);
}

/** Whether a task writes this generation: its own, or a shadow that gets its writes too. */
export function writesTo({ record, parts }: Pick<ActiveTask, 'record' | 'parts'>, generation: number): boolean {
  return record.indexId === generation || parts.some((part) => part.shadowId === generation);
}

/** The same documents by the shards of another layout. */
function regrouped(touched: Touched, shards: number): Touched {
  if (touched === null) return null;
  const byShard = new Map<number, string[]>();
  for (const id of [...touched.values()].flat()) {
    const shard = shardOf(id, shards);
    byShard.set(shard, [...(byShard.get(shard) ?? []), id]);
  }
  return byShard;
}

/**
 * Marks the copies of shadows that may differ from what readers see after a task, with the documents concerned in their log.
 * `differs` says it of each part that writes a shadow.
 */
export function shadowMarks(
  state: Pick<ClusterState, 'catalog' | 'copies' | 'shardsOfPart'>,
  task: Pick<ActiveTask, 'record' | 'parts' | 'touched'>,
  differs: (part: PartRecord) => boolean,
  since: string,
  reason: string,
): StoreChange[] {
  const changes: StoreChange[] = [];
  const ids = new Set(task.parts.flatMap(({ shadowId }) => shadowId ?? []));
  for (const indexId of ids) {
    const shadow = state.catalog.byId(indexId);
    if (shadow === null) continue;
    const parts = task.parts.filter((part) => part.shadowId === indexId && differs(part));
    const nodes = [...new Set(parts.map(({ nodeId }) => nodeId))];
    const missed = nodes.flatMap((nodeId) => {
      const own = parts.filter((part) => part.nodeId === nodeId);
      const shards = new Set(own.flatMap((part) => [...state.shardsOfPart(part, shadow)]));
      return [...shards].map((shard) => ({ shard, nodeId }));
    });
    const touched = missed.length === 0 ? null : regrouped(task.touched, shadow.shards);
    changes.push(
      ...missedWrites(state.copies, { touched, record: task.record }, indexId, missed),
      ...missed.flatMap((copy) => markStale(state.copies, { indexId, ...copy, since, reason })),
    );
  }
  return changes;
}

const isGood = ({ status }: PartRecord): boolean =>
  status === 'succeeded' || status === 'enqueued' || status === 'processing';

/**
 * What the end of a task means for shadows: their copies are marked that did not do what the index did, or perhaps more than that,
 * because a task that failed may be done in part; and the shadow of an index that is deleted goes with it.
 */
export function endOnShadows(
  state: Pick<ClusterState, 'catalog' | 'copies' | 'shardsOfPart'>,
  task: ActiveTask,
  succeeded: boolean,
  since: string,
): StoreChange[] {
  const reason = `did not follow task ${task.record.uid}`;
  const marks = shadowMarks(state, task, (part) => !succeeded || !isGood(part), since, reason);
  if (!task.effect.deleteIndex || !succeeded) return marks;
  const shadows = state.catalog.all().filter(({ shadow }) => shadow !== null && shadow.of === task.record.indexId);
  return [...marks, ...shadows.map(({ id }): StoreChange => ({ kind: 'deleteIndex', id }))];
}
