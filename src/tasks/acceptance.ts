import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { WriteAnswer } from '../http/services.ts';
import type { NodeRequest } from '../nodes/client.ts';
import type { Timing } from '../nodes/timing.ts';
import type { IndexRecord, PartRecord } from '../store/records.ts';
import type { NewIdempotencyKey, StoreChange } from '../store/store.ts';
import { type ActiveTask, type ActiveTasks, globalQueue, type Touched } from './active.ts';
import { settledPart } from './answers.ts';
import type { Clock } from './clock.ts';
import { rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import { refusalAfterwards, refusalBeforehand, type WritePolicy, writtenShards } from './consistency.ts';
import type { Effect } from './effect.ts';
import type { Gate } from './gate.ts';
import { commonRefusal, type MissedWrites, recordHandout } from './handout.ts';
import type { Idempotency } from './idempotency.ts';
import { isGone, lockKeys, newTask, rebased, summarise } from './new-task.ts';
import type { Sender } from './sender.ts';
import { runUnder, type Serial } from './serial.ts';
import { ownParts } from './shadows.ts';
import type { Waiting } from './waiting.ts';
import { writeOrigin } from './write-origin.ts';

/** One request of a task to one node. */
export interface PlannedPart {
  nodeId: string;
  /** The shadow that it writes; absent when it writes the plan's own generation. */
  shadowId?: number;
  /** What it does, for people; see `PartRecord.step`. */
  step: string;
  /** Shards whose copies it writes; null means all that the node owns. */
  shards: readonly number[] | null;
  /** Whether its result counts in the task's details. */
  counts: boolean;
  request: NodeRequest;
}

/** What a client's write comes down to, decided from the state after all earlier accepted tasks. */
export interface WritePlan {
  type: string;
  indexUid: string | null;
  /** The generation written, as it will be; null when no node is touched. */
  index: IndexRecord | null;
  /** Details as shown until the task has ended; null when its type has none. */
  details: Record<string, unknown> | null;
  /** The error that one Meilisearch would report in the task; nothing but index creation is sent then. */
  verdict: ErrorBody | null;
  effect: Effect;
  /** Changes of the catalog that later writes must see at once. */
  catalog: readonly StoreChange[];
  parts: readonly PlannedPart[];
  /** Ids of the documents that the parts write, by shard; null when they are not known (a filter, a function, everything). Absent: no documents. */
  touched?: Touched;
}

/** A plan that touches no node: the task's fate is known. */
export function settledPlan(
  plan: Pick<WritePlan, 'type' | 'indexUid' | 'details' | 'verdict'> & Partial<WritePlan>,
): WritePlan {
  return { index: null, effect: {}, catalog: [], parts: [], ...plan };
}

/** Milliseconds between attempts to record a task's hand-out after the store failed. */
const storeRetryMs = 1_000;

/** What accepting writes is built from. */
export interface AcceptanceOptions {
  state: ClusterState;
  active: ActiveTasks;
  sender: Sender;
  locks: Serial;
  /** Held while a generation of an index is written to the catalog, under its id. */
  generations: Serial;
  gate: Pick<Gate, 'enter'>;
  waiting: Waiting;
  idempotency: Idempotency;
  policy: WritePolicy;
  /** Unfinished tasks beyond which no more are taken. */
  maxUnfinished: number;
  now: Clock;
  timing: Timing;
  /** A node's error as one Meilisearch would have put it. */
  toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody;
  /** Called as soon as a task is registered, before anything of it is sent. */
  onRegistered(task: ActiveTask): void;
  /** Called whenever a task's parts are with the nodes, so that they are watched. */
  onSent(task: ActiveTask): void;
}

/** The write path from a decision to the 202. */
export interface Acceptance {
  /**
   * Decide and hand out one write to the indexes (or the global queue) named. `decide` runs alone among their writes, so it sees the state after all
   * accepted ones; it may throw to refuse the request, and then nothing has changed. Resolves once every node's answer is
   * recorded, in order of acceptance per index. Throws `miroir_shard_unavailable` when a needed shard has no in-sync copy
   * up, `miroir_write_incomplete` or `miroir_no_quorum` when too few copies can take, or took, the write,
   * `miroir_overloaded` when too much is waiting. A write with an idempotency key happens once.
   */
  accept(queues: string | readonly string[], decide: () => Promise<WritePlan>): Promise<WriteAnswer>;
  /** Send parts of a task that were planned or interrupted earlier, and put the answers into it. */
  sendParts(task: ActiveTask, parts: readonly PartRecord[], requests: readonly NodeRequest[]): Promise<void>;
}

/** Builds the write path. */
export function createAcceptance(options: AcceptanceOptions): Acceptance {
  const { state, active, sender, locks, gate } = options;
  /** Per index, the recording of the last accepted write: acknowledgements keep the order of acceptance. */
  const recordings = new Map<string, Promise<unknown>>();

  /** Refuses a write that cannot succeed, before anything is sent or stored. */
  function refuseUnreachable(plan: WritePlan): void {
    const parts = ownParts(plan.parts).map(({ nodeId, shards }) => ({
      nodeId,
      shards: shards === null ? null : JSON.stringify(shards),
    }));
    const shards = writtenShards(state, plan.index, parts, ({ nodeId }) => (state.view.up(nodeId) ? 'took' : 'missed'));
    const refusal = refusalBeforehand(shards, options.policy);
    if (refusal !== null) throw refusal;
  }

  function refuseTooMany(queues: readonly string[]): void {
    // what cancels or deletes tasks must always get through
    if (active.size < options.maxUnfinished || queues.includes(globalQueue)) return;
    throw new ApiError(
      'miroir_overloaded',
      `${options.maxUnfinished} tasks have not ended yet (\`tasks.max_unfinished\`). Nothing was written; retry after 10s.`,
      { headers: { 'retry-after': '10' } },
    );
  }

  async function sendParts(
    task: ActiveTask,
    parts: readonly PartRecord[],
    requests: readonly NodeRequest[],
    recorded: Promise<unknown> = Promise.resolve(),
  ) {
    const groups = new Map<number | null, number[]>();
    for (const [position, { shadowId }] of parts.entries()) {
      const generation = shadowId ?? task.record.indexId;
      groups.set(generation, [...(groups.get(generation) ?? []), position]);
    }
    const sendings = [...groups].map(([generation, positions]) => {
      const physicalUid = generation === null ? '' : state.catalog.byId(generation)?.physicalUid;
      const own = positions.map((position) => parts[position]!);
      // a shadow that was given up and deleted since
      if (physicalUid === undefined) return own.map((part) => settledPart(part, 'missed'));
      return sender.send(
        physicalUid,
        own,
        positions.map((position) => requests[position]!),
        recorded,
      );
    });
    const sent = (await Promise.all(sendings)).flat();
    const kept = task.parts.filter((part) => !sent.some((done) => done.part === part.part));
    task.parts = [...kept, ...sent].sort((a, b) => a.part - b.part);
  }

  async function record(task: ActiveTask): Promise<WriteAnswer> {
    let refusal: ApiError | null = null;
    const incomplete = ({ unwritten, untouched }: MissedWrites) => {
      refusal = refusalAfterwards(task.record.uid, unwritten, untouched, options.policy);
      return refusal.toBody();
    };
    const { degraded } = await recordHandout(state, task, options.policy, options.now(), incomplete);
    options.onSent(task);
    if (refusal !== null) throw refusal as ApiError;
    const common = commonRefusal(ownParts(task.parts));
    const index = task.record.indexId === null ? null : state.catalog.byId(task.record.indexId);
    if (common !== null) {
      const { code, message } = index === null ? common : options.toLogicalError(common, index);
      throw new ApiError(code, message);
    }
    return { summary: summarise(task.record), degraded };
  }

  /** The error of a write that nodes have taken and the store cannot record, if that is what happened. */
  function notRecorded(task: ActiveTask, error: unknown): unknown {
    if (!(error instanceof ApiError) || error.code !== 'miroir_store_unavailable') return error;
    const message = `Task ${task.record.uid} was handed to the nodes, but not acknowledged because that could not be stored; it may show. ${error.message} Send it again.`;
    return new ApiError(error.code, message, { headers: error.headers, cause: error });
  }

  /** The store failed after nodes took the write: the client has its error, but the task must not hang for ever. */
  async function recordLater(task: ActiveTask): Promise<void> {
    while (task.record.phase === 'sending') {
      await options.timing.later(storeRetryMs);
      await record(task).catch(() => undefined);
    }
  }

  async function register(plan: WritePlan, key: NewIdempotencyKey | null): Promise<ActiveTask> {
    const session = writeOrigin.getStore()?.session ?? null;
    const { task, parts } = newTask(plan, rfc3339(options.now()), session);
    const catalog = plan.catalog.map((change) => rebased(change, state.catalog));
    const created = await state.store.createTask(task, parts, catalog, key);
    state.mirror(catalog);
    const added = active.add(
      created,
      parts.map((part) => ({ ...part, taskUid: created.uid })),
      plan.touched === undefined ? new Map() : plan.touched,
    );
    options.onRegistered(added);
    return added;
  }

  /** Decides and registers; anew when the index that was decided on went while that was done. */
  async function decideAndRegister(decide: () => Promise<WritePlan>, key: NewIdempotencyKey | null) {
    for (;;) {
      const plan = await decide();
      refuseUnreachable(plan);
      const task = await runUnder(options.generations, lockKeys(plan), async () =>
        isGone(plan, state.catalog) ? null : register(plan, key),
      );
      if (task !== null) return { plan, task };
    }
  }

  /** Record a task once its parts are sent and everything accepted before it in its queues is recorded. */
  function handOut(
    queues: readonly string[],
    task: ActiveTask,
    requests: readonly NodeRequest[],
  ): Promise<WriteAnswer> {
    let stored: () => void = () => undefined;
    const recorded = new Promise<void>((resolve) => {
      stored = resolve;
    });
    const sending = sendParts(task, task.parts, requests, recorded);
    const before = queues.map((queue) => recordings.get(queue)?.catch(() => undefined));
    const recording = Promise.all([...before, sending])
      .then(() => record(task))
      .catch((error: unknown) => {
        if (task.record.phase !== 'sending') throw error;
        void recordLater(task).then(stored);
        throw notRecorded(task, error);
      });
    const forget = () => {
      if (task.record.phase !== 'sending') stored();
      for (const queue of queues) if (recordings.get(queue) === recording) recordings.delete(queue);
    };
    recording.then(forget, forget);
    for (const queue of queues) recordings.set(queue, recording);
    return recording;
  }

  async function write(
    queues: readonly string[],
    decide: () => Promise<WritePlan>,
    key: NewIdempotencyKey | null,
  ): Promise<WriteAnswer> {
    refuseTooMany(queues);
    const depart = options.waiting.enter(queues);
    try {
      const leave = await gate.enter(queues);
      const { recording } = await runUnder(locks, queues, async () => {
        const { plan, task } = await decideAndRegister(decide, key);
        const requests = plan.parts.map((part) => part.request);
        return { recording: handOut(queues, task, requests) };
      }).finally(leave);
      return await recording;
    } finally {
      depart();
    }
  }

  return {
    sendParts,
    async accept(names, decide) {
      const queues = [...new Set(typeof names === 'string' ? [names] : names)].sort();
      const origin = writeOrigin.getStore();
      if (origin === undefined || origin.idempotencyKey === null) return write(queues, decide, null);
      const key = { key: origin.idempotencyKey, fingerprint: origin.fingerprint() };
      return options.idempotency.once(key, () => write(queues, decide, key));
    },
  };
}
