import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { NodeRequest } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord, PartRecord, TaskRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { PlannedPart } from './acceptance.ts';
import type { ActiveTask, ActiveTasks } from './active.ts';
import { type Clock, rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import { endedDetails } from './details.ts';
import { type Copies, type Judgement, judge } from './judge.ts';
import type { Serial } from './serial.ts';

type Ended = Extract<Judgement, { state: 'ended' }>;

/** What ending a settings task needs from the settings domain. */
export interface SettingsCommit {
  /** Read the settings back from the nodes and make the committed record; an error when the nodes disagree. */
  commit(index: IndexRecord, patch: Record<string, unknown>): Promise<{ record: IndexRecord } | { error: ErrorBody }>;
  /** The requests that bring every node of the index back to the committed settings. */
  restore(index: IndexRecord, patch: Record<string, unknown>): PlannedPart[];
}

/** What ending tasks is built from. */
export interface FinisherOptions {
  state: ClusterState;
  active: ActiveTasks;
  serial: Serial;
  now: Clock;
  log: Logger;
  settings: SettingsCommit;
  /** A node's task error as one Meilisearch would have put it. */
  toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody;
  sendParts(task: ActiveTask, parts: readonly PartRecord[], requests: readonly NodeRequest[]): Promise<void>;
  /** Ask the nodes to cancel what is left of a cancellation's targets. */
  pursueCancellation(task: ActiveTask): Promise<void>;
  /** Parts that go on at a node although their task has ended. */
  onLagging(parts: readonly PartRecord[], indexId: number): void;
  onEnded(record: TaskRecord): void;
}

/** Ends tasks, each once, in order of acceptance per index. */
export interface Finisher {
  /** Look at the oldest tasks of every queue and end those whose parts allow it. */
  advanceAll(): Promise<void>;
}

const lostError = new ApiError(
  'miroir_node_task_lost',
  'A node no longer knows a task that it had accepted, and no other copy took the write.',
).toBody();

const refusedSettings = (part: PartRecord): boolean => part.status === 'failed' && part.step === 'settings';
const isOpen = (part: PartRecord): boolean => part.status === 'enqueued' || part.status === 'processing';

/** The instants of a task from those of its parts, in milliseconds: never before it was enqueued, never backwards. */
function instants(
  record: TaskRecord,
  parts: readonly PartRecord[],
  now: number,
): { started: number; finished: number } {
  const enqueued = Date.parse(record.enqueuedAt);
  const times = (values: (string | null)[]) => values.filter((v) => v !== null).map((v) => Date.parse(v));
  const started = Math.max(enqueued, Math.min(now, ...times(parts.map((part) => part.startedAt))));
  const ends = times(parts.map((part) => part.finishedAt));
  const finished = Math.max(started, ends.length === 0 ? now : Math.max(...ends));
  return { started, finished };
}

/** Builds the finisher. */
export function createFinisher(options: FinisherOptions): Finisher {
  const { state, active } = options;
  const indexOf = (record: TaskRecord) => (record.indexId === null ? null : state.catalog.byId(record.indexId));

  function judgeTask(task: ActiveTask, index: IndexRecord | null): Judgement {
    return judge(task.parts, {
      shardsOf: (part) => state.shardsOfPart(part, index),
      inSync: (nodeId, shard) => index === null || !state.copies.isStale(index.id, shard, nodeId),
      up: (nodeId) => state.view.up(nodeId),
    });
  }

  function errorOf(part: PartRecord | null, index: IndexRecord | null): ErrorBody {
    if (part?.error == null) return lostError;
    const error = JSON.parse(part.error) as ErrorBody;
    return index === null ? error : options.toLogicalError(error, index);
  }

  /** Shows a task as processing as soon as a node works on it. */
  async function showProgress(task: ActiveTask): Promise<void> {
    if (task.record.status !== 'enqueued') return;
    const started = task.parts.filter((part) => part.startedAt !== null || part.status === 'processing');
    if (started.length === 0) return;
    const startedAt = rfc3339(instants(task.record, started, options.now()).started);
    const record: TaskRecord = { ...task.record, status: 'processing', startedAt };
    await state.commit([{ kind: 'putTask', record }]);
    task.record = record;
  }

  /** Undo on the nodes that took a settings change which others refused; the error to end with is kept first. */
  async function rollBack(task: ActiveTask, index: IndexRecord, error: ErrorBody): Promise<void> {
    const planned = options.settings.restore(index, task.effect.settings ?? {});
    const first = Math.max(-1, ...task.parts.map((part) => part.part)) + 1;
    const parts = planned.map(
      (plan, i): PartRecord => ({
        taskUid: task.record.uid,
        part: first + i,
        nodeId: plan.nodeId,
        step: 'rollback',
        shards: null,
        counts: false,
        nodeTaskUid: null,
        request: JSON.stringify(plan.request),
        status: 'sending',
        details: null,
        error: null,
        startedAt: null,
        finishedAt: null,
      }),
    );
    const record: TaskRecord = { ...task.record, verdict: JSON.stringify(error) };
    await state.commit([
      { kind: 'putTask', record },
      ...parts.map((part): StoreChange => ({ kind: 'putPart', record: part })),
    ]);
    task.record = record;
    task.parts = [...task.parts, ...parts];
    await options.sendParts(
      task,
      parts,
      planned.map((plan) => plan.request),
    );
    await state.commit(task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })));
  }

  /** The index record after the task, or the changes that drop it. */
  async function catalogChanges(
    task: ActiveTask,
    index: IndexRecord,
    judged: Ended,
    succeeded: boolean,
    finishedAt: string,
  ): Promise<{ changes: StoreChange[]; error: ErrorBody | null }> {
    const { effect } = task;
    if (effect.createIndex && judged.status !== 'succeeded') {
      return { changes: [{ kind: 'deleteIndex', id: index.id }], error: null };
    }
    if (effect.deleteIndex) {
      if (succeeded) return { changes: [{ kind: 'deleteIndex', id: index.id }], error: null };
      return { changes: [{ kind: 'putIndex', record: { ...index, state: 'active' } }], error: null };
    }
    let record = index;
    if (effect.createIndex) record = { ...record, state: 'active', createdAt: finishedAt, updatedAt: finishedAt };
    if (succeeded && effect.settings !== undefined) {
      const committed = await options.settings.commit(record, effect.settings);
      if ('error' in committed) return { changes: [], error: committed.error };
      record = committed.record;
    }
    if (succeeded) record = { ...record, updatedAt: finishedAt };
    if (succeeded && effect.primaryKey !== undefined) record = { ...record, primaryKey: effect.primaryKey };
    if (!succeeded && effect.primaryKey !== undefined) record = { ...record, acceptedPrimaryKey: record.primaryKey };
    return { changes: record === index ? [] : [{ kind: 'putIndex', record }], error: null };
  }

  /** Copies on nodes that could not be brought back to the committed settings. */
  function notRolledBack(parts: readonly PartRecord[], index: IndexRecord | null): Copies[] {
    const left = parts.filter((part) => part.step === 'rollback' && part.status !== 'succeeded');
    return left.map((part) => ({ nodeId: part.nodeId, shards: [...state.shardsOfPart(part, index)] }));
  }

  function copiesPerDocument(): number {
    let copies = 0;
    for (const group of state.view.groups()) copies += state.view.owners(group, 0).length;
    return copies;
  }

  async function end(task: ActiveTask, judged: Ended): Promise<boolean> {
    const index = indexOf(task.record);
    const verdict = task.record.verdict === null ? null : (JSON.parse(task.record.verdict) as ErrorBody);
    const refused = task.effect.settings === undefined ? undefined : task.parts.find(refusedSettings);
    const canceled = judged.status === 'canceled' || (verdict !== null && task.cancelledBy !== null);
    const failed = verdict !== null || judged.status === 'failed' || refused !== undefined;
    const status = canceled ? 'canceled' : failed ? 'failed' : 'succeeded';
    const error = status === 'failed' ? (verdict ?? errorOf(refused ?? judged.failedPart, index)) : null;

    const rolledBack = task.parts.some((part) => part.step === 'rollback');
    const tookSettings = task.parts.some((part) => part.status === 'succeeded' && part.step === 'settings');
    if (status !== 'succeeded' && task.effect.settings && tookSettings && !rolledBack && index !== null) {
      await rollBack(task, index, error ?? lostError);
      return false;
    }

    const { started, finished } = instants(task.record, task.parts, options.now());
    const finishedAt = rfc3339(finished);
    const { changes, error: disagreement } =
      index === null
        ? { changes: [], error: null }
        : await catalogChanges(task, index, judged, status === 'succeeded', finishedAt);
    if (disagreement !== null && index !== null) {
      await rollBack(task, index, disagreement);
      return false;
    }

    const since = rfc3339(options.now());
    const record: TaskRecord = {
      ...task.record,
      status,
      phase: 'ended',
      // An effect may hold secrets of embedders; nobody reads it again.
      effect: null,
      details: endedDetails(task.record, task.effect, status, task.parts, copiesPerDocument()),
      error: error === null ? null : JSON.stringify(error),
      canceledBy: canceled ? task.cancelledBy : null,
      startedAt: rfc3339(started),
      finishedAt,
    };
    const diverged = rolledBack ? notRolledBack(task.parts, index) : judged.diverged;
    const stale = diverged.flatMap(({ nodeId, shards }) =>
      shards.map(
        (shard): StoreChange => ({
          kind: 'putStale',
          record: { indexId: index!.id, shard, nodeId, since, reason: `did not follow task ${record.uid}` },
        }),
      ),
    );
    await state.commit([
      { kind: 'putTask', record },
      ...task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })),
      ...stale,
      ...changes,
    ]);
    task.record = record;
    active.remove(record.uid);
    const open = task.parts.filter(isOpen);
    if (open.length > 0 && record.indexId !== null) options.onLagging(open, record.indexId);
    options.onEnded(record);
    return true;
  }

  /** Cancellations and task deletions act on other tasks instead of on nodes. */
  async function endGlobal(task: ActiveTask): Promise<boolean> {
    const { cancelTasks, deleteTasks } = task.effect;
    if (cancelTasks?.some((uid) => active.get(uid) !== undefined)) {
      await options.pursueCancellation(task);
      return false;
    }
    const details = JSON.parse(task.record.details ?? '{}') as Record<string, unknown>;
    if (cancelTasks !== undefined) {
      const ended = await Promise.all(cancelTasks.map((uid) => state.store.task(uid)));
      details.canceledTasks = ended.filter((other) => other?.canceledBy === task.record.uid).length;
    }
    if (deleteTasks !== undefined) details.deletedTasks = await state.store.deleteTasks(deleteTasks);
    const now = rfc3339(options.now());
    const record: TaskRecord = {
      ...task.record,
      status: 'succeeded',
      phase: 'ended',
      details: JSON.stringify(details),
      startedAt: now,
      finishedAt: now,
    };
    await state.commit([{ kind: 'putTask', record }]);
    task.record = record;
    active.remove(record.uid);
    options.onEnded(record);
    return true;
  }

  async function advance(queue: string): Promise<void> {
    for (;;) {
      const task = active.head(queue);
      if (task === undefined || task.record.phase !== 'sent') return;
      if (task.effect.cancelTasks !== undefined || task.effect.deleteTasks !== undefined) {
        if (!(await endGlobal(task))) return;
        continue;
      }
      const judged = judgeTask(task, indexOf(task.record));
      if (judged.state === 'waiting') {
        await showProgress(task);
        return;
      }
      if (!(await end(task, judged))) return;
    }
  }

  return {
    async advanceAll() {
      await Promise.all(
        active
          .queues()
          .map((queue) =>
            options.serial
              .run(`finish/${queue}`, () => advance(queue))
              .catch((error: unknown) =>
                options.log.error({ err: error, queue }, 'could not end a task; will try again'),
              ),
          ),
      );
    },
  };
}
