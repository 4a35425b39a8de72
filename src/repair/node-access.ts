import { setTimeout as sleep } from 'node:timers/promises';
import { nodePath } from '../indexes/prepare.ts';
import { type NodeClient, NodeError, type NodeRequest } from '../nodes/client.ts';
import type { IndexRecord, RepairTask } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import type { Sender } from '../tasks/sender.ts';
import { RepairError } from './list-documents.ts';

/** What speaking to nodes on behalf of repairs is built from. */
export interface NodeAccessOptions {
  state: Pick<ClusterState, 'store' | 'commit'>;
  inLine: Sender['inLine'];
  nodeHas: Sender['nodeHas'];
  clients: { get(nodeId: string): NodeClient | undefined };
  /** Milliseconds a node may take to take a batch, or to answer. */
  timeoutMs: number;
}

/** How a task on a node ended. */
export interface EndedNodeTask {
  status: 'succeeded' | 'failed' | 'canceled';
  error: { code: string; message: string } | null;
}

/** Requests of repairs to nodes, in order with those of clients. */
export interface NodeAccess {
  client(nodeId: string): NodeClient;
  /** The JSON of a GET; null for 404. Throws `RepairError`. */
  read(nodeId: string, path: string, signal: AbortSignal): Promise<unknown>;
  /**
   * Send a write behind everything that clients sent to the index on this node, and return its task. Throws, also when `still`
   * says, as its turn comes, that it is not wanted any more.
   */
  send(nodeId: string, index: IndexRecord, request: NodeRequest, still?: () => boolean): Promise<number>;
  /** Wait until the node has worked off a task. Throws when it no longer knows it. */
  ended(nodeId: string, taskUid: number, signal: AbortSignal): Promise<EndedNodeTask>;
  /** Whether one of these tasks did not succeed. */
  anyFailed(nodeId: string, taskUids: readonly number[], signal: AbortSignal): Promise<boolean>;
  /** `send`, `ended`, and an error unless it succeeded. */
  write(
    nodeId: string,
    index: IndexRecord,
    request: NodeRequest,
    signal: AbortSignal,
    still?: () => boolean,
  ): Promise<void>;
  /** Uid of the node's newest task of the index; -1 when it has none. */
  newest(nodeId: string, index: IndexRecord, signal: AbortSignal): Promise<number>;
  /** Wait until the node has applied every task of the index that it has taken so far. */
  applied(nodeId: string, index: IndexRecord, signal: AbortSignal): Promise<void>;
}

const shortestPause = 10;
const longestPause = 500;
/** Tasks asked about in one request. */
const uidsPerRequest = 500;

const tasksOf = (index: IndexRecord) => `indexUids=${encodeURIComponent(index.physicalUid)}`;

/** Stands for the node task of a request that certainly became none. */
const notTakenUid = -1;

/** Node tasks of repairs of one process are numbered by one counter, which also orders them. */
let sequence = Date.now();

/**
 * Send a write that is no client's, in line with those of clients, and return its task. It is written down before and after, so
 * that after a crash its task is not taken for a client's, and its loss with the node's disk is noticed. Throws.
 */
export async function sendRecorded(
  { state, nodeHas }: Pick<NodeAccessOptions, 'state' | 'nodeHas'>,
  client: NodeClient,
  index: IndexRecord,
  afterTask: number,
  request: NodeRequest,
): Promise<number> {
  const nodeId = client.id;
  const record: RepairTask = { nodeId, indexId: index.id, seq: sequence++, afterTask, nodeTaskUid: null };
  const put = (nodeTaskUid: number | null): StoreChange => ({
    kind: 'putRepairTask',
    record: { ...record, nodeTaskUid },
  });
  await state.commit([put(null)]);
  const answer = await client.request(request).catch(async (error: unknown) => {
    if (error instanceof NodeError && error.kind === 'refused') await state.commit([put(notTakenUid)]);
    throw error;
  });
  if (answer.status !== 202) {
    await state.commit([put(notTakenUid)]);
    const text = answer.text.slice(0, 300);
    throw new RepairError(nodeId, `${request.method} ${request.path}: HTTP ${answer.status} ${text}`);
  }
  const { taskUid, enqueuedAt = null } = JSON.parse(answer.text) as { taskUid: number; enqueuedAt?: string };
  nodeHas(nodeId, taskUid);
  await state.commit([put(taskUid), { kind: 'noteNodeTask', nodeId, task: { uid: taskUid, enqueuedAt } }]);
  return taskUid;
}

/** Builds it. */
export function createNodeAccess(options: NodeAccessOptions): NodeAccess {
  const { timeoutMs } = options;

  function client(nodeId: string): NodeClient {
    const found = options.clients.get(nodeId);
    if (found === undefined) throw new RepairError(nodeId, 'unknown node');
    return found;
  }

  async function read(nodeId: string, path: string, signal: AbortSignal): Promise<unknown> {
    const answer = await client(nodeId).request({ method: 'GET', path, timeoutMs, signal });
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new RepairError(nodeId, `GET ${path} answered HTTP ${answer.status}`);
    return JSON.parse(answer.text) as unknown;
  }

  async function newestTasks(nodeId: string, query: string, signal: AbortSignal): Promise<{ uid: number }[]> {
    const list = (await read(nodeId, `/tasks?limit=1&${query}`, signal)) as { results: { uid: number }[] } | null;
    return list?.results ?? [];
  }

  /** Poll until `done` is; pauses grow. */
  async function until(done: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    for (let pause = shortestPause; !(await done()); pause = Math.min(longestPause, pause * 1.5)) {
      await sleep(pause, undefined, { signal });
    }
  }

  async function ended(nodeId: string, taskUid: number, signal: AbortSignal): Promise<EndedNodeTask> {
    let task: (EndedNodeTask & { status: string }) | null = null;
    await until(async () => {
      task = (await read(nodeId, `/tasks/${taskUid}`, signal)) as typeof task;
      if (task === null) throw new RepairError(nodeId, `lost its task ${taskUid}`);
      return ['succeeded', 'failed', 'canceled'].includes(task.status);
    }, signal);
    return task as unknown as EndedNodeTask;
  }

  function send(
    nodeId: string,
    index: IndexRecord,
    request: NodeRequest,
    still: () => boolean = () => true,
  ): Promise<number> {
    return options.inLine(nodeId, index.physicalUid, async (afterTask) => {
      if (!still()) throw new RepairError(nodeId, `has copies of ${index.uid} to be filled no more`);
      return sendRecorded(options, client(nodeId), index, afterTask, { timeoutMs, ...request });
    });
  }

  return {
    client,
    read,
    send,
    ended,
    async anyFailed(nodeId, taskUids, signal) {
      for (let from = 0; from < taskUids.length; from += uidsPerRequest) {
        const uids = taskUids.slice(from, from + uidsPerRequest).join(',');
        if ((await newestTasks(nodeId, `statuses=failed,canceled&uids=${uids}`, signal)).length > 0) return true;
      }
      return false;
    },
    async write(nodeId, index, request, signal, still) {
      const task = await ended(nodeId, await send(nodeId, index, request, still), signal);
      if (task.status === 'succeeded') return;
      throw new RepairError(nodeId, `${request.method} ${request.path} ${task.status}: ${task.error?.message ?? ''}`);
    },
    async newest(nodeId, index, signal) {
      const [newest] = await newestTasks(nodeId, tasksOf(index), signal);
      return newest?.uid ?? -1;
    },
    async applied(nodeId, index, signal) {
      const ofIndex = tasksOf(index);
      // behind what is being handed over at this moment
      const [newest] = await options.inLine(nodeId, index.physicalUid, () => newestTasks(nodeId, ofIndex, signal));
      if (newest === undefined) return;
      await until(async () => {
        const open = `${ofIndex}&statuses=enqueued,processing&reverse=true`;
        const [oldest] = await newestTasks(nodeId, open, signal);
        return oldest === undefined || oldest.uid > newest.uid;
      }, signal);
    },
  };
}

/** The path of the documents of an index on the nodes. */
export const documentsPath = (index: IndexRecord): string => nodePath(index, '/documents');
