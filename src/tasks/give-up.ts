import { allNodes, nodePath } from '../indexes/prepare.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** What giving an index up is built from. */
export interface GiveUpOptions {
  clients: { get(nodeId: string): NodeClient | undefined };
  store: Pick<Store, 'commit'>;
  view: Pick<ClusterView, 'groups' | 'nodes' | 'up'>;
  log: Logger;
}

/**
 * Deletes what nodes have of an index whose creation failed. Nobody waits for it: a node that cannot be asked now, or
 * creates the index later, is rid of it when it is let in the next time (`repair/admission-check.ts`).
 */
export function giveUp({ clients, store, view, log }: GiveUpOptions, index: IndexRecord): void {
  for (const nodeId of allNodes(view).filter((id) => view.up(id))) {
    remove(nodeId).catch((error: unknown) => {
      log.info({ err: error, node: nodeId, index: index.physicalUid }, 'could not delete an index that was given up');
    });
  }

  async function remove(nodeId: string): Promise<void> {
    const answer = await clients.get(nodeId)?.request({ method: 'DELETE', path: nodePath(index) });
    if (answer?.status !== 202) return;
    // nobody's part; noted so that it is deleted some day
    const { taskUid } = JSON.parse(answer.text) as { taskUid: number };
    await store.commit([{ kind: 'putLeftover', nodeId, nodeTaskUid: taskUid }]);
  }
}
