import { ApiError } from '../errors/api-error.ts';
import type { NodeClient, NodeRequest } from '../nodes/client.ts';
import type { Timing } from '../nodes/timing.ts';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord, PartRecord, RepairTask } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask, ActiveTasks } from './active.ts';
import type { Clock } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import type { WritePolicy } from './consistency.ts';
import { recordHandout } from './handout.ts';
import type { NodeTaskHead } from './node-tasks.ts';
import { lookForTasks, matchInOrder } from './reconcile.ts';

/** What recovery is built from. */
export interface RecoveryOptions {
  state: ClusterState;
  active: ActiveTasks;
  clients: { get(nodeId: string): NodeClient | undefined };
  log: Logger;
  now: Clock;
  timing: Timing;
  policy: WritePolicy;
  sendParts(task: ActiveTask, parts: readonly PartRecord[], requests: readonly NodeRequest[]): Promise<void>;
  onLagging(parts: readonly PartRecord[], indexId: number): void;
}

const interrupted = (uid: number) =>
  new ApiError(
    'miroir_task_interrupted',
    `Miroir stopped while task ${uid} was being handed to the nodes, before the client was answered. Send the request again.`,
  ).toBody();

/** The generations that the parts of some tasks on one index write. */
function generationsOf(tasks: readonly ActiveTask[]): Set<number> {
  const written = tasks.flatMap(({ record, parts }) =>
    parts.flatMap(({ shadowId }) => shadowId ?? record.indexId ?? []),
  );
  return new Set(written);
}

/** Parts that were being sent when the process stopped, by node, oldest first, of one index generation. */
function unsentByNode(tasks: readonly ActiveTask[], generation: number): Map<string, PartRecord[]> {
  const byNode = new Map<string, PartRecord[]>();
  for (const task of tasks) {
    for (const part of task.parts) {
      if (part.status !== 'sending' || (part.shadowId ?? task.record.indexId) !== generation) continue;
      byNode.set(part.nodeId, [...(byNode.get(part.nodeId) ?? []), part]);
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
    const tasks = interruptedTasks.filter((task) => task.record.indexId === indexId);
    for (const generation of generationsOf(tasks)) {
      const index = state.catalog.byId(generation);
      if (index !== null) await recogniseSent(options, index, tasks);
    }
    for (const task of tasks) await complete(options, task);
  }
  for (const task of [...active.all()]) await resumeExtraParts(options, task);
}

async function resumeLagging({ state, active, onLagging }: RecoveryOptions): Promise<void> {
  for (const part of await state.store.openParts()) {
    if (active.get(part.taskUid) !== undefined) continue;
    const task = await state.store.task(part.taskUid);
    if (task?.indexId != null) onLagging([part], task.indexId);
  }
}

/**
 * Ask the nodes what they took. Parts that a node cannot tell about are `unknown`: sent once more, they might be there
 * twice.
 */
async function recogniseSent(options: RecoveryOptions, index: IndexRecord, tasks: readonly ActiveTask[]) {
  const nodes = [...unsentByNode(tasks, index.id)].map(async ([nodeId, parts]) => {
    const repairs = await options.state.store.repairTasks(nodeId, index.id);
    const uids = gotExtraParts(options.active, index, nodeId)
      ? null
      : await takenUids(options, index, nodeId, parts, repairs);
    const certainUntil = lastCertainTask(repairs);
    if (uids === null) options.log.warn({ node: nodeId }, 'node cannot tell which interrupted writes it took');
    for (const [i, part] of parts.entries()) {
      const nodeTaskUid = uids?.[i];
      if (uids !== null && nodeTaskUid === undefined) break;
      const known: PartRecord =
        nodeTaskUid === undefined || part.taskUid > certainUntil
          ? { ...part, status: 'unknown', request: null }
          : { ...part, status: 'enqueued', nodeTaskUid, request: null };
      const task = options.active.get(part.taskUid)!;
      task.parts = task.parts.map((other) => (other.part === part.part ? known : other));
    }
  });
  await Promise.all(nodes);
}

/** Whether the node was being sent parts that had been added to a task: it may have tasks of theirs that no record knows. */
function gotExtraParts(active: ActiveTasks, index: IndexRecord, nodeId: string): boolean {
  const added = [...active.all()].filter(({ record }) => record.phase !== 'sending');
  return added.some(({ record, parts }) =>
    parts.some((part) => {
      const writes = (part.shadowId ?? record.indexId) === index.id;
      return writes && part.nodeId === nodeId && part.status === 'sending';
    }),
  );
}

/** The node's tasks that the first of these parts became; null when the node cannot tell. */
async function takenUids(
  { state, clients, timing }: RecoveryOptions,
  index: IndexRecord,
  nodeId: string,
  parts: readonly PartRecord[],
  repairs: readonly RepairTask[],
): Promise<number[] | null> {
  const client = clients.get(nodeId);
  if (client === undefined || !state.view.up(nodeId)) return null;
  const last = (await state.store.lastNodeTask(nodeId, index.id)) ?? -1;
  const ofRepairs = new Set(repairs.map((repair) => repair.nodeTaskUid));
  const ofClients = (found: readonly NodeTaskHead[]) => found.filter(({ uid }) => !ofRepairs.has(uid));
  const all = (found: readonly NodeTaskHead[]) => ofClients(found).length >= parts.length;
  const found = await lookForTasks(client, index.physicalUid, last, timing, all);
  return found === null ? null : matchInOrder(parts, ofClients(found));
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
  const error = () => interrupted(task.record.uid);
  const { unwritten } = await recordHandout(state, task, options.policy, options.now(), error);
  log.info(
    { task: task.record.uid, parts: task.parts.length, lost: unwritten.length > 0 },
    'took up an interrupted task',
  );
}

/**
 * What was added to a task that had been handed out, a roll-back or the creation of its index, and was being sent when the
 * process stopped, is sent again: it may be done twice.
 */
async function resumeExtraParts({ state, sendParts }: RecoveryOptions, task: ActiveTask): Promise<void> {
  const open = task.parts.filter((part) => part.status === 'sending');
  const kept = open.filter((part) => part.request !== null);
  if (kept.length === 0) return;
  await sendParts(
    task,
    kept,
    kept.map((part) => keptRequest(part)!),
  );
  await state.commit(task.parts.map((part): StoreChange => ({ kind: 'putPart', record: part })));
}
