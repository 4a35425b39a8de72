import { ApiError } from '../errors/api-error.ts';
import type { NodeClient, NodeRequest } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord, PartRecord, RepairTask } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask, ActiveTasks } from './active.ts';
import type { Clock } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import { recordHandout } from './handout.ts';
import { nodeTasksAfter } from './node-tasks.ts';

/** What recovery is built from. */
export interface RecoveryOptions {
  state: ClusterState;
  active: ActiveTasks;
  clients: { get(nodeId: string): NodeClient | undefined };
  log: Logger;
  now: Clock;
  /** Copies of each shard that must have taken a write. */
  minCopies: number;
  sendParts(task: ActiveTask, parts: readonly PartRecord[], requests: readonly NodeRequest[]): Promise<void>;
  onLagging(parts: readonly PartRecord[], indexId: number): void;
}

const interrupted = (uid: number) =>
  new ApiError(
    'miroir_task_interrupted',
    `Miroir stopped while task ${uid} was being handed to the nodes, before the client was answered. Send the request again.`,
  ).toBody();

/** Parts that were being sent when the process stopped, by node, oldest first, of one index generation. */
function unsentByNode(tasks: readonly ActiveTask[]): Map<string, PartRecord[]> {
  const byNode = new Map<string, PartRecord[]>();
  for (const task of tasks) {
    for (const part of task.parts) {
      if (part.status === 'sending') byNode.set(part.nodeId, [...(byNode.get(part.nodeId) ?? []), part]);
    }
  }
  return byNode;
}

/**
 * Takes up what a stopped process left: before any request is served, every unfinished task is brought to the state
 * "handed out" again. Parts go to one node and index strictly in order, so the node's tasks that no record knows are the
 * first of the parts still marked as being sent. What a node did not get is sent now if its request was kept; otherwise
 * the task, which no client was told about, fails with `miroir_task_interrupted`.
 */
export async function recover(options: RecoveryOptions): Promise<void> {
  const { state, active } = options;
  for (const record of await state.store.unfinishedTasks()) active.add(record, await state.store.parts(record.uid));
  await resumeLagging(options);

  const interruptedTasks = [...active.all()].filter((task) => task.record.phase === 'sending');
  for (const indexId of new Set(interruptedTasks.map((task) => task.record.indexId))) {
    const index = indexId === null ? null : state.catalog.byId(indexId);
    const tasks = interruptedTasks.filter((task) => task.record.indexId === indexId);
    if (index !== null) await recogniseSent(options, index, tasks);
    for (const task of tasks) await complete(options, task);
  }
  for (const task of [...active.all()]) await resumeRollback(options, task);
}

async function resumeLagging({ state, active, onLagging }: RecoveryOptions): Promise<void> {
  for (const part of await state.store.openParts()) {
    if (active.get(part.taskUid) !== undefined) continue;
    const task = await state.store.task(part.taskUid);
    if (task?.indexId != null) onLagging([part], task.indexId);
  }
}

async function recogniseSent(options: RecoveryOptions, index: IndexRecord, tasks: readonly ActiveTask[]) {
  for (const [nodeId, parts] of unsentByNode(tasks)) {
    const client = options.clients.get(nodeId);
    if (client === undefined) continue;
    const last = await options.state.store.lastNodeTask(nodeId, index.id);
    let found: number[] = [];
    try {
      found = await nodeTasksAfter(client, index.physicalUid, last ?? -1);
    } catch (error) {
      options.log.warn({ node: nodeId, err: error }, 'node cannot tell which interrupted writes it took');
    }
    const repairs = await options.state.store.repairTasks(nodeId, index.id);
    const ofRepairs = new Set(repairs.map((repair) => repair.nodeTaskUid));
    const ofClients = found.filter((uid) => !ofRepairs.has(uid));
    const certainUntil = lastCertainTask(repairs);
    for (const [i, part] of parts.entries()) {
      const uid = ofClients[i];
      if (uid === undefined) break;
      const task = options.active.get(part.taskUid)!;
      // not sent again where it may have arrived: the copy is stale then, and repaired
      const known: PartRecord =
        part.taskUid > certainUntil
          ? { ...part, request: null }
          : { ...part, status: 'enqueued', nodeTaskUid: uid, request: null };
      task.parts = task.parts.map((other) => (other.part === part.part ? known : other));
    }
  }
}

/** A repair's request whose answer was lost may or may not be among the node's tasks: what was sent after it cannot be told from it. */
function lastCertainTask(repairs: readonly RepairTask[]): number {
  const open = repairs.find((repair) => repair.nodeTaskUid === null);
  return open === undefined ? Number.POSITIVE_INFINITY : open.afterTask;
}

function keptRequest(part: PartRecord): NodeRequest | null {
  return part.request === null ? null : (JSON.parse(part.request) as NodeRequest);
}

/** Send what was kept, give up what was not, and record the task as handed out. */
async function complete(options: RecoveryOptions, task: ActiveTask): Promise<void> {
  const { state, log, sendParts } = options;
  const open = task.parts.filter((part) => part.status === 'sending');
  const kept = open.filter((part) => part.request !== null);
  await sendParts(
    task,
    kept,
    kept.map((part) => keptRequest(part)!),
  );
  task.parts = task.parts.map((part) => (part.status === 'sending' ? { ...part, status: 'missed' } : part));
  const error = interrupted(task.record.uid);
  const { unwritten } = await recordHandout(state, task, options.minCopies, options.now(), error);
  log.info(
    { task: task.record.uid, parts: task.parts.length, lost: unwritten.length > 0 },
    'took up an interrupted task',
  );
}

/** A roll-back that was being sent when the process stopped is sent again: settings may be set twice. */
async function resumeRollback({ state, sendParts }: RecoveryOptions, task: ActiveTask): Promise<void> {
  const open = task.parts.filter((part) => part.step === 'rollback' && part.status === 'sending');
  const kept = open.filter((part) => part.request !== null);
  if (kept.length === 0) return;
  await sendParts(
    task,
    kept,
    kept.map((part) => keptRequest(part)!),
  );
  await state.commit(task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })));
}
