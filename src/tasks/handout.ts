import type { ErrorBody } from '../errors/api-error.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { PartRecord, TaskRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask } from './active.ts';
import { rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import {
  type CopyFate,
  countedCopies,
  isMet,
  type WritePolicy,
  type WrittenCopy,
  type WrittenShards,
  writtenShards,
} from './consistency.ts';
import { missedWrites as missedLog } from './missed-log.ts';
import { ownParts, shadowMarks } from './shadows.ts';

/** Which copies did not take a write, and what follows from it. */
export interface MissedWrites {
  /** Copies that do not hold what others of the shard do: to be marked stale before the acknowledgement (invariant 1). */
  stale: { shard: number; nodeId: string }[];
  /** Shards of which too few copies took the write, ascending. */
  unwritten: number[];
  /** Whether no copy at all can hold any of it. */
  untouched: boolean;
  /** Groups and shards with a copy that missed the write, stale ones included, ascending; null when none did. */
  degraded: { groups: number[]; shards: number[] } | null;
}

/** The fate of a part that was sent. */
export function fateOfPart({ status }: PartRecord): CopyFate {
  if (status === 'unknown') return 'unknown';
  if (status === 'missed' || status === 'sending') return 'missed';
  return status === 'failed' ? 'refused' : 'took';
}

/**
 * The copies that may differ from the one to go by: a copy that counts and took the write; if none did, one that certainly did
 * not, since it matters only that all become equal again; and where that is not known of any, the first. Stale copies are
 * among them, so that their log names what they hold and the others do not.
 */
function differing(copies: readonly WrittenCopy[]): WrittenCopy[] {
  const counted = countedCopies(copies);
  const holds = ({ fate }: WrittenCopy) => (fate === 'unknown' ? null : fate === 'took');
  const model =
    counted.find((copy) => holds(copy) === true) ?? counted.find((copy) => holds(copy) === false) ?? counted[0];
  if (model === undefined) return [];
  const held = holds(model);
  return copies.filter((copy) => copy !== model && (held === null || holds(copy) !== held));
}

/** Whether the nodes' refusal is the write's fate: then it is the client's error, and no copy is worse than another. */
function isRefused(copies: readonly WrittenCopy[]): boolean {
  const counted = countedCopies(copies);
  return counted.some((copy) => copy.fate === 'refused') && !counted.some((copy) => copy.fate === 'took');
}

/** Whether a copy to go by has the write, so that it will be there. */
const isTaken = (copies: readonly WrittenCopy[]): boolean => countedCopies(copies).some((copy) => copy.fate === 'took');

/** Judges the hand-out of one task by what became of the copies it writes. */
export function missedWrites(shards: WrittenShards, policy: WritePolicy): MissedWrites {
  const stale: { shard: number; nodeId: string }[] = [];
  const unwritten: number[] = [];
  const degradedGroups = new Set<number>();
  const degradedShards = new Set<number>();
  for (const [shard, copies] of shards) {
    stale.push(...differing(copies).map(({ nodeId }) => ({ shard, nodeId })));
    if (isRefused(copies)) continue;
    if (!isMet(copies, policy)) unwritten.push(shard);
    for (const copy of copies) {
      if (copy.fate === 'took') continue;
      degradedGroups.add(copy.group);
      degradedShards.add(shard);
    }
  }
  const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
  return {
    stale,
    unwritten: ascending(unwritten),
    untouched: [...shards.values()].flat().every(({ fate }) => fate === 'missed' || fate === 'refused'),
    degraded:
      degradedShards.size === 0 ? null : { groups: ascending(degradedGroups), shards: ascending(degradedShards) },
  };
}

/** The node's own refusal, when every node refused the request at once: then it is the client's error. */
export function commonRefusal(parts: readonly PartRecord[]): ErrorBody | null {
  if (parts.length === 0 || !parts.every((part) => part.status === 'failed' && part.error !== null)) return null;
  return JSON.parse(parts[0]!.error!) as ErrorBody;
}

/**
 * Records that a task is with the nodes: their answers, the copies that missed it as stale, and, where too few copies of a
 * shard took it, the error the task will end with (`incomplete`). One commit, before anyone is told. Whoever gets an error
 * may send the request again under the same idempotency key.
 */
export async function recordHandout(
  state: ClusterState,
  task: ActiveTask,
  policy: WritePolicy,
  now: number,
  incomplete: (missed: MissedWrites) => ErrorBody,
): Promise<MissedWrites> {
  const { indexId, uid } = task.record;
  const index = indexId === null ? null : state.catalog.byId(indexId);
  const own = ownParts(task.parts);
  const written = writtenShards(state, index, own, fateOfPart);
  const missed = missedWrites(written, policy);
  const since = rfc3339(now);
  const failed = missed.unwritten.length > 0;
  const verdict = failed ? JSON.stringify(incomplete(missed)) : task.record.verdict;
  const record: TaskRecord = { ...task.record, phase: 'sent', verdict };
  const unanswered = failed || commonRefusal(own) !== null;
  const certain = [...written.values()].every(isTaken);
  await state.commit([
    ...(index === null ? [] : missedLog(state.copies, task, index.id, missed.stale)),
    ...task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })),
    ...(index === null ? [] : missed.stale).flatMap(({ shard, nodeId }) =>
      markStale(state.copies, { indexId: index!.id, shard, nodeId, since, reason: `missed task ${uid}` }),
    ),
    ...shadowMarks(
      state,
      task,
      (part) => !certain || fateOfPart(part) !== 'took',
      since,
      certain ? `missed task ${uid}` : `may have taken more of task ${uid} than others`,
    ),
    { kind: 'putTask', record },
    ...(unanswered ? [{ kind: 'releaseIdempotencyKey', taskUid: uid } as const] : []),
  ]);
  task.record = record;
  return missed;
}
