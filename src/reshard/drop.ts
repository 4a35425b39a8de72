import { allNodes, nodePath } from '../indexes/prepare.ts';
import { RepairError } from '../repair/list-documents.ts';
import type { NodeAccess } from '../repair/node-access.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';

/** What deleting a layout is built from. */
export interface DropOptions {
  state: Pick<ClusterState, 'view' | 'commit'>;
  access: Pick<NodeAccess, 'send' | 'ended'>;
}

/**
 * Deletes a dropped layout on the nodes, behind all that was sent to it, and forgets it. A node that is down is rid of it when it
 * is let in again (`repair/admission-check.ts`).
 */
export async function dropLayout({ state, access }: DropOptions, record: IndexRecord, signal: AbortSignal) {
  const request = { method: 'DELETE', path: nodePath(record) } as const;
  for (const nodeId of allNodes(state.view).filter((id) => state.view.up(id))) {
    const { status, error } = await access.ended(nodeId, await access.send(nodeId, record, request), signal);
    if (status === 'succeeded' || error?.code === 'index_not_found') continue;
    throw new RepairError(nodeId, `could not delete ${record.physicalUid}: ${error?.message ?? status}`);
  }
  await state.commit([{ kind: 'deleteIndex', id: record.id }]);
}
