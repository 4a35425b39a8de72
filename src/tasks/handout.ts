import type { ErrorBody } from '../errors/api-error.ts';
import type { ClusterView } from '../placement/view.ts';
import type { PartRecord, TaskRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask } from './active.ts';
import { rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import { missedWrites as missedLog } from './missed-log.ts';

/** Which copies did not take a write, and what follows from it. */
export interface MissedWrites {
  /** Copies that missed what another copy of the shard took: to be marked stale before the acknowledgement (invariant 1). */
  stale: { shard: number; nodeId: string }[];
  /** Shards that fewer than the required number of copies took. */
  unwritten: number[];
  /** Groups and shards with a copy that missed the write, ascending; null when none did. */
  degraded: { groups: number[]; shards: number[] } | null;
}

const took = (part: PartRecord): boolean => part.status !== 'missed' && part.status !== 'sending';

function copiesByShard(parts: readonly PartRecord[], shardsOf: (part: PartRecord) => readonly number[]) {
  const shards = new Map<number, Map<string, boolean>>();
  for (const part of parts) {
    for (const shard of shardsOf(part)) {
      const copies = shards.get(shard) ?? new Map<string, boolean>();
      shards.set(shard, copies);
      copies.set(part.nodeId, (copies.get(part.nodeId) ?? true) && took(part));
    }
  }
  return shards;
}

/**
 * Judges the hand-out of one task. A copy that a node refused with a reason (`failed`) counts as told: its fate is decided
 * with the task's. Where no copy took the write none becomes stale: they are equal as before, and the client gets an error.
 * Only copies that are in sync count: what a stale copy alone took would go with its repair.
 */
export function missedWrites(
  parts: readonly PartRecord[],
  shardsOf: (part: PartRecord) => readonly number[],
  minCopies: number,
  view: Pick<ClusterView, 'groups' | 'nodes'>,
  inSync: (nodeId: string, shard: number) => boolean = () => true,
): MissedWrites {
  const stale: { shard: number; nodeId: string }[] = [];
  const unwritten: number[] = [];
  const groups = new Set<number>();
  const shards = new Set<number>();
  if (parts.every(took)) return { stale, unwritten, degraded: null };
  for (const [shard, copies] of copiesByShard(parts, shardsOf)) {
    const taken = [...copies].filter(([nodeId, has]) => has && inSync(nodeId, shard)).length;
    if (taken < Math.min(minCopies, copies.size)) unwritten.push(shard);
    for (const [nodeId, has] of copies) {
      if (has) continue;
      shards.add(shard);
      for (const group of view.groups()) if (view.nodes(group).includes(nodeId)) groups.add(group);
      if (taken > 0) stale.push({ shard, nodeId });
    }
  }
  const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
  return {
    stale,
    unwritten: ascending(unwritten),
    degraded: shards.size === 0 ? null : { groups: ascending(groups), shards: ascending(shards) },
  };
}

/**
 * Records that a task is with the nodes: their answers, the copies that missed it as stale, and, where too few copies of a
 * shard took it, the error the task will end with. One commit, before anyone is told.
 */
export async function recordHandout(
  state: ClusterState,
  task: ActiveTask,
  minCopies: number,
  now: number,
  incomplete: ErrorBody,
): Promise<MissedWrites> {
  const { indexId, uid } = task.record;
  const index = indexId === null ? null : state.catalog.byId(indexId);
  const inSync = (nodeId: string, shard: number) => index === null || !state.copies.isStale(index.id, shard, nodeId);
  const missed = missedWrites(task.parts, (part) => state.shardsOfPart(part, index), minCopies, state.view, inSync);
  const since = rfc3339(now);
  const verdict = missed.unwritten.length > 0 ? JSON.stringify(incomplete) : task.record.verdict;
  const record: TaskRecord = { ...task.record, phase: 'sent', verdict };
  await state.commit([
    ...(index === null ? [] : missedLog(state.copies, task, index.id, missed.stale)),
    ...task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })),
    ...missed.stale.map(
      ({ shard, nodeId }): StoreChange => ({
        kind: 'putStale',
        record: { indexId: index!.id, shard, nodeId, since, reason: `missed task ${uid}` },
      }),
    ),
    { kind: 'putTask', record },
  ]);
  task.record = record;
  return missed;
}
