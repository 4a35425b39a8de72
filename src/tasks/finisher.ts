import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { Logger } from '../observability/log.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { IndexRecord, PartRecord, TaskRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { type ActiveTask, type ActiveTasks, laterSettings } from './active.ts';
import { catalogChanges, nameChanges, type SettingsCommit } from './catalog-changes.ts';
import { type Clock, rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import { endedDetails } from './details.ts';
import type { Jobs } from './jobs.ts';
import { type Copies, type Judgement, judge } from './judge.ts';
import { missedWrites } from './missed-log.ts';
import { needsRollback, notRolledBack, rollBack, type SendParts } from './rollback.ts';
import { runUnder, type Serial } from './serial.ts';
import { endOnShadows } from './shadows.ts';
import { applySuccession, hasCreated, type Succession, succession, successionChanges } from './succession.ts';

type Ended = Extract<Judgement, { state: 'ended' }>;
type FinalStatus = 'succeeded' | 'failed' | 'canceled';

/** What ending tasks is built from. */
export interface FinisherOptions {
  state: ClusterState;
  active: ActiveTasks;
  now: Clock;
  log: Logger;
  settings: SettingsCommit;
  /** See `AcceptanceOptions`. */
  generations: Serial;
  /** A node's task error as one Meilisearch would have put it. */
  toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody;
  sendParts: SendParts;
  jobs: Pick<Jobs, 'step'>;
  /** Ask the nodes to cancel what is left of a cancellation's targets. */
  pursueCancellation(task: ActiveTask): Promise<void>;
  /** An index was given up that some nodes may have created. */
  onGivenUp(index: IndexRecord): void;
  /** Parts that go on at a node although their task has ended. */
  onLagging(parts: readonly PartRecord[], indexId: number): void;
  onEnded(record: TaskRecord): void;
}

/** Ends tasks, each once, in order of acceptance per index. */
export interface Finisher {
  /**
   * Look at the oldest task of every queue and end those whose parts allow it. Not to be called again before it resolved.
   */
  advanceAll(): Promise<void>;
}

const lostError = new ApiError(
  'miroir_node_task_lost',
  'A node no longer knows a task that it had accepted, and no other copy took the write.',
).toBody();

const isOpen = (part: PartRecord): boolean => part.status === 'enqueued' || part.status === 'processing';
const refusedSettings = (part: PartRecord): boolean =>
  part.status === 'failed' && part.step === 'settings' && part.shadowId === null;

/** Start and end of a task from those of its parts, in milliseconds: never before it was enqueued, never backwards. */
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
  const ending = new Set<ActiveTask>();
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

  /** The status to end with; a node that refuses settings fails them for all. */
  function fate(
    task: ActiveTask,
    judged: Ended,
    index: IndexRecord | null,
  ): { status: FinalStatus; error: ErrorBody | null } {
    const verdict = task.record.verdict === null ? null : (JSON.parse(task.record.verdict) as ErrorBody);
    const refused = task.effect.settings === undefined ? undefined : task.parts.find(refusedSettings);
    if (judged.status === 'canceled' || (verdict !== null && task.cancelledBy !== null)) {
      return { status: 'canceled', error: null };
    }
    if (verdict !== null) return { status: 'failed', error: verdict };
    if (judged.status === 'succeeded' && refused === undefined) return { status: 'succeeded', error: null };
    return { status: 'failed', error: errorOf(refused ?? judged.failedPart, index) };
  }

  function copiesPerDocument(): number {
    let copies = 0;
    for (const group of state.view.groups()) copies += state.view.owners(group, 0).length;
    return copies;
  }

  function staleMarks(task: ActiveTask, index: IndexRecord | null, copies: readonly Copies[]): StoreChange[] {
    if (index === null) return [];
    const since = rfc3339(options.now());
    const reason = `did not follow task ${task.record.uid}`;
    const missed = copies.flatMap(({ nodeId, shards }) => shards.map((shard) => ({ shard, nodeId })));
    return [
      ...missedWrites(state.copies, task, index.id, missed),
      ...missed.flatMap(({ shard, nodeId }) =>
        markStale(state.copies, { indexId: index.id, shard, nodeId, since, reason }),
      ),
    ];
  }

  async function undo(task: ActiveTask, index: IndexRecord, error: ErrorBody): Promise<false> {
    const planned = options.settings.restore(index, task.effect.settings ?? {}, laterSettings(active, task));
    await rollBack(state, task, planned, error, options.sendParts);
    return false;
  }

  /** End a task whose parts are done; false when it has to be rolled back first, or others have yet to be heard of. */
  async function end(task: ActiveTask, judged: Ended): Promise<boolean> {
    const index = indexOf(task.record);
    const { status, error } = fate(task, judged, index);
    // an index that did not come to be has no settings to go back to
    const exists = index !== null && (!task.effect.createIndex || hasCreated(task, judged.status === 'succeeded'));
    if (status !== 'succeeded' && exists && needsRollback(task)) {
      return undo(task, index, error ?? lostError);
    }
    const settings = index !== null && status === 'succeeded' ? await readSettings(task, index) : null;
    if (settings !== null && 'error' in settings) return undo(task, index as IndexRecord, settings.error);

    const ids = [...(index === null ? [] : [index.id]), ...(task.effect.names ?? []).map(({ id }) => id)];
    const heirs = await runUnder(options.generations, ids.map(String), () =>
      close(task, judged, { status, error }, settings),
    );
    if (heirs === 'waiting') return false;
    if (heirs !== null) await sendAgain(heirs);
    return true;
  }

  /** The settings that the nodes agree on after a task that changes them; null when it does not. */
  async function readSettings(task: ActiveTask, index: IndexRecord) {
    if (task.effect.settings === undefined) return null;
    const committed = await options.settings.commit(index, task.effect.settings, laterSettings(active, task));
    return 'error' in committed ? committed : committed.record;
  }

  /** Commit the end of a task, alone among all who write its index to the catalog; returns who takes over its creation. */
  async function close(
    task: ActiveTask,
    judged: Ended,
    { status, error }: ReturnType<typeof fate>,
    settings: IndexRecord | null,
  ): Promise<Succession | null | 'waiting'> {
    const index = indexOf(task.record);
    const partsSucceeded = judged.status === 'succeeded';
    const failedCreation = index !== null && task.effect.createIndex && !hasCreated(task, partsSucceeded);
    const heirs = failedCreation
      ? succession(task, index, active, state, (...asked) => options.settings.recreate(...asked))
      : null;
    // what they took must be recorded before they are given more
    if (heirs?.successors.some((successor) => successor.task.record.phase === 'sending')) return 'waiting';

    const { started, finished } = instants(task.record, task.parts, options.now());
    const finishedAt = rfc3339(finished);
    const outcome = { partsSucceeded, succeeded: status === 'succeeded', finishedAt };
    const catalog =
      index === null
        ? []
        : heirs === null
          ? catalogChanges(task, index, outcome, settings)
          : successionChanges(heirs, index);
    const record: TaskRecord = {
      ...task.record,
      status,
      phase: 'ended',
      // An effect may hold secrets of embedders; nobody reads it again.
      effect: null,
      details: endedDetails(task.record, task.effect, status, task.parts, copiesPerDocument()),
      error: error === null ? null : JSON.stringify(error),
      canceledBy: status === 'canceled' ? task.cancelledBy : null,
      startedAt: rfc3339(started),
      finishedAt,
    };
    await state.commit([
      { kind: 'putTask', record },
      ...task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })),
      ...staleMarks(task, index, notRolledBack(task, state, index) ?? judged.diverged),
      ...endOnShadows(state, task, status === 'succeeded', rfc3339(options.now())),
      ...catalog,
      ...(status === 'succeeded' ? nameChanges(task, state, catalog) : []),
    ]);
    if (heirs !== null) applySuccession(heirs);
    closed(task, record);
    if (failedCreation && heirs === null) options.onGivenUp(index);
    return heirs;
  }

  /** Sends what an heir has to create. Its requests are stored, so a restart goes on from here. */
  async function sendAgain({ heir, parts, requests }: Succession): Promise<void> {
    const unsent = parts.filter((part) => part.status === 'sending');
    if (unsent.length === 0) return;
    await options.sendParts(heir, unsent, requests);
    await state.commit(heir.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })));
  }

  function closed(task: ActiveTask, record: TaskRecord): void {
    task.record = record;
    active.remove(record.uid);
    const open = task.parts.filter(isOpen);
    if (open.length > 0 && record.indexId !== null) options.onLagging(open, record.indexId);
    options.onEnded(record);
  }

  /** Cancellations and task deletions act on other tasks instead of on nodes. */
  async function endOverTasks(task: ActiveTask): Promise<boolean> {
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
    const now = rfc3339(Math.max(options.now(), Date.parse(task.record.enqueuedAt)));
    const text = JSON.stringify(details);
    const times = { startedAt: now, finishedAt: now };
    const record: TaskRecord = {
      ...task.record,
      ...times,
      status: 'succeeded',
      phase: 'ended',
      effect: null,
      details: text,
    };
    await state.commit([{ kind: 'putTask', record }]);
    closed(task, record);
    return true;
  }

  /** Take one step with the oldest task of a queue; true when it has ended. */
  async function step(task: ActiveTask): Promise<boolean> {
    if (task.effect.cancelTasks !== undefined || task.effect.deleteTasks !== undefined) return endOverTasks(task);
    if (task.effect.job !== undefined) {
      const ended = await options.jobs.step(task);
      if (ended !== null) closed(task, ended);
      return ended !== null;
    }
    const judged = judgeTask(task, indexOf(task.record));
    if (judged.state === 'ended') return end(task, judged);
    await showProgress(task);
    return false;
  }

  async function advance(queue: string): Promise<void> {
    for (;;) {
      const task = active.head(queue);
      // A task in several queues is reached from each of them.
      if (task === undefined || task.record.phase !== 'sent' || !active.isNext(task) || ending.has(task)) return;
      ending.add(task);
      const ended = await step(task).finally(() => ending.delete(task));
      if (!ended) return;
    }
  }

  return {
    async advanceAll() {
      const attempts = active.queues().map((queue) =>
        advance(queue).catch((error: unknown) => {
          options.log.error({ err: error, queue }, 'could not end a task; will try again');
        }),
      );
      await Promise.all(attempts);
    },
  };
}
