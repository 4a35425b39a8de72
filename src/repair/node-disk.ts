import type { Store } from '../store/store.ts';
import type { NodeAccess } from './node-access.ts';

/**
 * What a node's task list says about its disk. `same`: the newest task that it is known to have taken is there. `other`: it is
 * not, or another one has its number, so the disk is empty, older than that task, or from elsewhere. `unclear`: that task is gone
 * but newer ones are there, as after somebody deleted tasks on the node.
 */
export type DiskVerdict = 'same' | 'other' | 'unclear';

interface NodeTask {
  uid: number;
  enqueuedAt: string;
}

/** The newest task on a node, or null. Throws `RepairError` or `NodeError`. */
export async function newestTaskOn(access: NodeAccess, nodeId: string, signal: AbortSignal): Promise<NodeTask | null> {
  const list = (await access.read(nodeId, '/tasks?limit=1', signal)) as { results: NodeTask[] } | null;
  return list?.results[0] ?? null;
}

/** Looks at the node. Throws `RepairError` or `NodeError`. */
export async function judgeDisk(
  store: Pick<Store, 'newestNodeTask'>,
  access: NodeAccess,
  nodeId: string,
  signal: AbortSignal,
): Promise<DiskVerdict> {
  const known = await store.newestNodeTask(nodeId);
  if (known === null) return 'same';
  const present = (await access.read(nodeId, `/tasks/${known.uid}`, signal)) as NodeTask | null;
  if (present !== null) {
    const same = known.enqueuedAt === null || Date.parse(known.enqueuedAt) === Date.parse(present.enqueuedAt);
    return same ? 'same' : 'other';
  }
  const newest = await newestTaskOn(access, nodeId, signal);
  return newest !== null && newest.uid > known.uid ? 'unclear' : 'other';
}
