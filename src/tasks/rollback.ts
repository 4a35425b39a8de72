import type { ErrorBody } from '../errors/api-error.ts';
import type { NodeRequest } from '../nodes/client.ts';
import type { IndexRecord, PartRecord, TaskRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { PlannedPart } from './acceptance.ts';
import type { ActiveTask } from './active.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Copies } from './judge.ts';
import { ownParts } from './shadows.ts';

/** Sends parts of a task and puts the answers into it. */
export type SendParts = (
  task: ActiveTask,
  parts: readonly PartRecord[],
  requests: readonly NodeRequest[],
) => Promise<void>;

const isRollback = (part: PartRecord): boolean => part.step === 'rollback';

/** Whether some nodes have taken a settings change that cannot stand, and nothing has been done about it yet. */
export function needsRollback(task: ActiveTask): boolean {
  if (task.effect.settings === undefined || task.parts.some(isRollback)) return false;
  return task.parts.some((part) => part.step === 'settings' && part.status === 'succeeded');
}

/**
 * Undo a settings change on the nodes. The error that the task will end with and the requests are stored first, so that a
 * restart goes on from here.
 */
export async function rollBack(
  state: ClusterState,
  task: ActiveTask,
  planned: readonly PlannedPart[],
  error: ErrorBody,
  sendParts: SendParts,
): Promise<void> {
  const first = Math.max(-1, ...task.parts.map((part) => part.part)) + 1;
  const parts = planned.map(
    (plan, i): PartRecord => ({
      taskUid: task.record.uid,
      part: first + i,
      nodeId: plan.nodeId,
      shadowId: plan.shadowId ?? null,
      step: 'rollback',
      shards: null,
      counts: false,
      nodeTaskUid: null,
      nodeEnqueuedAt: null,
      request: JSON.stringify(plan.request),
      status: 'sending',
      details: null,
      error: null,
      startedAt: null,
      finishedAt: null,
    }),
  );
  const record: TaskRecord = { ...task.record, verdict: JSON.stringify(error) };
  const putParts = (list: readonly PartRecord[]) =>
    list.map((part): StoreChange => ({ kind: 'putPart', record: part }));
  await state.commit([{ kind: 'putTask', record }, ...putParts(parts)]);
  task.record = record;
  task.parts = [...task.parts, ...parts];
  await sendParts(
    task,
    parts,
    planned.map((plan) => plan.request),
  );
  await state.commit(putParts(task.parts));
}

/** After a roll-back: the copies on nodes that could not be brought back. Null when there was none. */
export function notRolledBack(task: ActiveTask, state: ClusterState, index: IndexRecord | null): Copies[] | null {
  if (!task.parts.some(isRollback)) return null;
  return ownParts(task.parts)
    .filter((part) => isRollback(part) && part.status !== 'succeeded')
    .map((part) => ({ nodeId: part.nodeId, shards: [...state.shardsOfPart(part, index)] }));
}
