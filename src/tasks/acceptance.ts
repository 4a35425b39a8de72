import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { WriteAnswer } from '../http/services.ts';
import type { NodeRequest } from '../nodes/client.ts';
import type { IndexRecord, PartRecord, TaskRecord } from '../store/records.ts';
import type { NewPart, NewTask, StoreChange } from '../store/store.ts';
import type { ActiveTask, ActiveTasks, Touched } from './active.ts';
import type { Clock } from './clock.ts';
import { rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Effect } from './effect.ts';
import type { Gate } from './gate.ts';
import { recordHandout } from './handout.ts';
import type { Sender } from './sender.ts';
import type { Serial } from './serial.ts';

/** One request of a task to one node. */
export interface PlannedPart {
  nodeId: string;
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

/** Requests larger than this are not kept in the store while they are under way. */
const keptRequestBytes = 64 * 1024;

/** Milliseconds between attempts to record a task's hand-out after the store failed. */
const storeRetryMs = 1_000;

/** What accepting writes is built from. */
export interface AcceptanceOptions {
  state: ClusterState;
  active: ActiveTasks;
  sender: Sender;
  locks: Serial;
  gate: Pick<Gate, 'enter'>;
  /** Copies of each shard that must have taken a write before it is acknowledged. */
  minCopies: number;
  now: Clock;
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
   * recorded, in order of acceptance per index. Throws `miroir_shard_unavailable` when a needed shard has no node up,
   * `miroir_write_incomplete` when too few copies took the write.
   */
  accept(queues: string | readonly string[], decide: () => Promise<WritePlan>): Promise<WriteAnswer>;
  /** Send parts of a task that were planned or interrupted earlier, and record the answers. */
  sendParts(task: ActiveTask, parts: readonly PartRecord[], requests: readonly NodeRequest[]): Promise<void>;
}

function keepable(request: NodeRequest): string | null {
  const size = typeof request.body === 'string' ? Buffer.byteLength(request.body) : (request.body?.length ?? 0);
  if (size > keptRequestBytes) return null;
  return JSON.stringify({ ...request, body: request.body?.toString() });
}

/** The records of a plan, as the store takes them. */
function toRecords(plan: WritePlan, now: string): { task: NewTask; parts: NewPart[] } {
  const task: NewTask = {
    type: plan.type,
    indexUid: plan.indexUid,
    indexId: plan.index?.id ?? null,
    status: 'enqueued',
    phase: 'sending',
    details: plan.details === null ? null : JSON.stringify(plan.details),
    error: null,
    verdict: plan.verdict === null ? null : JSON.stringify(plan.verdict),
    effect: JSON.stringify(plan.effect),
    canceledBy: null,
    enqueuedAt: now,
    startedAt: null,
    finishedAt: null,
  };
  const parts = plan.parts.map(
    (part, position): NewPart => ({
      part: position,
      nodeId: part.nodeId,
      step: part.step,
      shards: part.shards === null ? null : JSON.stringify(part.shards),
      counts: part.counts,
      nodeTaskUid: null,
      nodeEnqueuedAt: null,
      request: keepable(part.request),
      status: 'sending',
      details: null,
      error: null,
      startedAt: null,
      finishedAt: null,
    }),
  );
  return { task, parts };
}

/** The 202 body of a task. */
export function summarise(record: TaskRecord): WriteAnswer['summary'] {
  return {
    taskUid: record.uid,
    indexUid: record.indexUid,
    status: 'enqueued',
    type: record.type,
    enqueuedAt: record.enqueuedAt,
  };
}

/** The node's own refusal, when every node refused the request at once: then it is the client's error. */
function commonRefusal(parts: readonly PartRecord[]): ErrorBody | null {
  if (parts.length === 0 || !parts.every((part) => part.status === 'failed' && part.error !== null)) return null;
  return JSON.parse(parts[0]!.error!) as ErrorBody;
}

/** Builds the write path. */
export function createAcceptance(options: AcceptanceOptions): Acceptance {
  const { state, active, sender, locks, gate } = options;
  /** Per index, the recording of the last accepted write: acknowledgements keep the order of acceptance. */
  const recordings = new Map<string, Promise<unknown>>();

  function refuseUnreachable(plan: WritePlan): void {
    const unreachable = new Set<number>();
    const reachable = new Set<number>();
    for (const part of plan.parts) {
      const shards = part.shards ?? (plan.index === null ? [] : state.shardsOn(plan.index, part.nodeId));
      const usable = (shard: number) =>
        state.view.up(part.nodeId) && !(plan.index !== null && state.copies.isStale(plan.index.id, shard, part.nodeId));
      for (const shard of shards) (usable(shard) ? reachable : unreachable).add(shard);
    }
    const lost = [...unreachable].filter((shard) => !reachable.has(shard));
    if (lost.length === 0) return;
    const some = lost.slice(0, 10).join(', ');
    throw new ApiError(
      'miroir_shard_unavailable',
      `No copy of shard ${some}${lost.length > 10 ? ', ...' : ''} that is in sync can be reached. Nothing was written.`,
      { headers: { 'retry-after': '5' } },
    );
  }

  async function sendParts(task: ActiveTask, parts: readonly PartRecord[], requests: readonly NodeRequest[]) {
    const index = task.record.indexId === null ? null : state.catalog.byId(task.record.indexId);
    const sent = parts.length === 0 ? [] : await sender.send(index?.physicalUid ?? '', parts, requests);
    const kept = task.parts.filter((part) => !sent.some((done) => done.part === part.part));
    task.parts = [...kept, ...sent].sort((a, b) => a.part - b.part);
  }

  async function record(task: ActiveTask): Promise<WriteAnswer> {
    const error = new ApiError(
      'miroir_write_incomplete',
      `Too few copies of some shards took the write of task ${task.record.uid}. It is not acknowledged; send it again.`,
      { headers: { 'retry-after': '5' } },
    );
    const { unwritten, degraded } = await recordHandout(state, task, options.minCopies, options.now(), error.toBody());
    options.onSent(task);
    if (unwritten.length > 0) throw error;
    const refusal = commonRefusal(task.parts);
    const index = task.record.indexId === null ? null : state.catalog.byId(task.record.indexId);
    if (refusal !== null) {
      const { code, message } = index === null ? refusal : options.toLogicalError(refusal, index);
      throw new ApiError(code, message);
    }
    return { summary: summarise(task.record), degraded };
  }

  /** The store failed after nodes took the write: the client has its error, but the task must not hang for ever. */
  function recordLater(task: ActiveTask): void {
    setTimeout(() => {
      record(task).catch(() => {
        if (task.record.phase === 'sending') recordLater(task);
      });
    }, storeRetryMs).unref();
  }

  async function register(plan: WritePlan): Promise<ActiveTask> {
    const { task, parts } = toRecords(plan, rfc3339(options.now()));
    const created = await state.store.createTask(task, parts, plan.catalog);
    state.mirror(plan.catalog);
    const added = active.add(
      created,
      parts.map((part) => ({ ...part, taskUid: created.uid })),
      plan.touched === undefined ? new Map() : plan.touched,
    );
    options.onRegistered(added);
    return added;
  }

  /** Runs `work` holding the locks of all queues, taken in one order everywhere. */
  function locked<T>(queues: readonly string[], work: () => Promise<T>): Promise<T> {
    const [first, ...rest] = queues;
    if (first === undefined) return work();
    return locks.run(first, () => locked(rest, work));
  }

  /** Record a task once its parts are sent and everything accepted before it in its queues is recorded. */
  function recordInOrder(queues: readonly string[], task: ActiveTask, sending: Promise<void>): Promise<WriteAnswer> {
    const before = queues.map((queue) => recordings.get(queue)?.catch(() => undefined));
    const recording = Promise.all([...before, sending])
      .then(() => record(task))
      .catch((error: unknown) => {
        if (task.record.phase === 'sending') recordLater(task);
        throw error;
      });
    const forget = () => {
      for (const queue of queues) if (recordings.get(queue) === recording) recordings.delete(queue);
    };
    recording.then(forget, forget);
    for (const queue of queues) recordings.set(queue, recording);
    return recording;
  }

  return {
    sendParts,
    async accept(names, decide) {
      const queues = [...new Set(typeof names === 'string' ? [names] : names)].sort();
      const leave = await gate.enter(queues);
      const { recording } = await locked(queues, async () => {
        const plan = await decide();
        refuseUnreachable(plan);
        const task = await register(plan);
        const requests = plan.parts.map((part) => part.request);
        return { recording: recordInOrder(queues, task, sendParts(task, task.parts, requests)) };
      }).finally(leave);
      return recording;
    },
  };
}
