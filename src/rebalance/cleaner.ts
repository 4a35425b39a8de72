import { shardFilter } from '../documents/markers.ts';
import { nodePath } from '../indexes/prepare.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord, LeavingCopy } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import type { Sender } from '../tasks/sender.ts';

/** What cleaning is built from. */
export interface CleanerOptions {
  state: ClusterState;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** Runs a request to a node and index after all that clients' writes have sent there before. */
  inLine: Sender['inLine'];
  /** Resolves with the end of a node's task: its status, or null when the node no longer knows it. */
  ended(client: NodeClient, nodeTaskUid: number): Promise<string | null>;
  timeoutMs: number;
  log: Logger;
}

/** Deletes what is left on nodes of copies that nobody uses any more. */
export interface Cleaner {
  /** Clean what can be cleaned now; resolves with the number of copies that are gone. */
  clean(): Promise<number>;
}

/** The surplus copies of each node and index. */
function byNodeAndIndex(copies: readonly LeavingCopy[]): Map<string, LeavingCopy[]> {
  const groups = new Map<string, LeavingCopy[]>();
  for (const copy of copies) {
    if (copy.state !== 'surplus') continue;
    const key = `${copy.nodeId}/${copy.indexId}`;
    groups.set(key, [...(groups.get(key) ?? []), copy]);
  }
  return groups;
}

/** Builds the cleaner. A copy's mark goes only when the node has confirmed that its documents are gone. */
export function createCleaner(options: CleanerOptions): Cleaner {
  const { state, clients, log } = options;

  async function remove(client: NodeClient, index: IndexRecord, copies: readonly LeavingCopy[]): Promise<boolean> {
    const filter = shardFilter(copies.map((copy) => copy.shard));
    const response = await options.inLine(client.id, index.physicalUid, () =>
      client.request({
        method: 'POST',
        path: nodePath(index, '/documents/delete'),
        body: JSON.stringify({ filter }),
        timeoutMs: options.timeoutMs,
      }),
    );
    if (response.status !== 202) {
      log.warn({ node: client.id, index: index.uid, status: response.status }, 'node refused to delete surplus copies');
      return false;
    }
    const { taskUid } = JSON.parse(response.text) as { taskUid: number };
    return (await options.ended(client, taskUid)) === 'succeeded';
  }

  async function cleanGroup(copies: readonly LeavingCopy[]): Promise<number> {
    const { nodeId, indexId } = copies[0]!;
    const index = state.catalog.byId(indexId);
    const client = clients.get(nodeId);
    const gone = client === undefined || index === null;
    if (!gone && (!state.view.up(nodeId) || !(await remove(client, index, copies)))) return 0;
    await state.commit(copies.map(({ shard }): StoreChange => ({ kind: 'deleteLeaving', indexId, shard, nodeId })));
    log.info({ node: nodeId, index: index?.uid, shards: copies.length }, 'deleted surplus copies');
    return copies.length;
  }

  return {
    async clean() {
      let cleaned = 0;
      for (const copies of byNodeAndIndex(state.copies.leaving()).values()) {
        cleaned += await cleanGroup(copies).catch((error: unknown) => {
          log.warn({ err: error, node: copies[0]?.nodeId }, 'could not delete surplus copies; will try again');
          return 0;
        });
      }
      return cleaned;
    },
  };
}
