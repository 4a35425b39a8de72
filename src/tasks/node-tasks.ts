import { type NodeClient, NodeError, type NodeResponse } from '../nodes/client.ts';
import type { PartRecord, PartStatus } from '../store/records.ts';
import type { AskedNode } from './patience.ts';

/** The fields of a node's task that Miroir reads. */
interface NodeTask {
  uid: number;
  status: PartStatus;
  details?: unknown;
  error: unknown;
  startedAt: string | null;
  finishedAt: string | null;
}

/** Uids asked for in one request; a node answers them from its own index of tasks. */
const uidsPerRequest = 200;

function follow(part: PartRecord, task: NodeTask | undefined): PartRecord {
  if (task === undefined) return { ...part, status: 'missed' };
  if (task.status === part.status) return part;
  return {
    ...part,
    status: task.status,
    details: task.details === undefined || task.details === null ? null : JSON.stringify(task.details),
    error: task.error === null ? null : JSON.stringify(task.error),
    startedAt: task.startedAt,
    finishedAt: task.finishedAt,
  };
}

/**
 * Ask a node how far its tasks are: one request for the oldest of the given open parts (a node works in that order).
 * Returns the parts that changed; one whose task the node no longer knows comes back as `missed`. Throws `NodeError`.
 */
export async function pollNode(client: NodeClient, parts: readonly PartRecord[]): Promise<PartRecord[]> {
  const asked = [...parts].sort((a, b) => a.nodeTaskUid! - b.nodeTaskUid!).slice(0, uidsPerRequest);
  const uids = asked.map((part) => part.nodeTaskUid).join(',');
  const response = await client.request({ method: 'GET', path: `/tasks?limit=${uidsPerRequest}&uids=${uids}` });
  if (response.status !== 200) return [];
  const { results } = JSON.parse(response.text) as { results: NodeTask[] };
  const byUid = new Map(results.map((task) => [task.uid, task]));
  return asked.map((part) => follow(part, byUid.get(part.nodeTaskUid!))).filter((part, i) => part !== asked[i]);
}

/** A node's task: its status, or null when the node does not know it. Throws `NodeError`. */
export async function nodeTaskStatus(client: AskedNode, uid: number): Promise<PartStatus | null> {
  const response = await client.request({ method: 'GET', path: `/tasks/${uid}` });
  return response.status === 200 ? (JSON.parse(response.text) as NodeTask).status : null;
}

/** A task as far as it tells what it is. */
export interface NodeTaskHead {
  uid: number;
  type: string;
  /** RFC 3339. */
  enqueuedAt: string;
}

/** A node's tasks on one index above `after`, ascending. Throws `NodeError`, also when the node does not tell. */
export async function nodeTasksAfter(client: AskedNode, physicalUid: string, after: number): Promise<NodeTaskHead[]> {
  const response = await client.request({
    method: 'GET',
    path: `/tasks?limit=1000&indexUids=${encodeURIComponent(physicalUid)}`,
  });
  return readTaskList(client, response)
    .map(({ uid, type, enqueuedAt }) => ({ uid, type, enqueuedAt }))
    .filter(({ uid }) => uid > after)
    .sort((a, b) => a.uid - b.uid);
}

/** The uid of a node's newest task on one index, -1 when it has none. Throws `NodeError`, also when the node does not tell. */
export async function newestNodeTask(client: AskedNode, physicalUid: string): Promise<number> {
  const path = `/tasks?limit=1&indexUids=${encodeURIComponent(physicalUid)}`;
  return readTaskList(client, await client.request({ method: 'GET', path }))[0]?.uid ?? -1;
}

function readTaskList(client: AskedNode, response: NodeResponse): NodeTaskHead[] {
  try {
    const { results } = JSON.parse(response.text) as { results: NodeTaskHead[] };
    if (response.status === 200 && Array.isArray(results)) return results;
  } catch {
    // no JSON: something else answered in the node's place
  }
  throw new NodeError(client.id, 'broken', `answered ${response.status} instead of its tasks`);
}
