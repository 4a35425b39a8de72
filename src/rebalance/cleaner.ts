import { shardFilter } from '../documents/markers.ts';
import { nodePath } from '../indexes/prepare.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import { sendRecorded } from '../repair/node-access.ts';
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
  nodeHas: Sender['nodeHas'];
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

/** The surplus copies of each node, by index. */
function byNode(copies: readonly LeavingCopy[]): Map<string, Map<number, LeavingCopy[]>> {
  const nodes = new Map<string, Map<number, LeavingCopy[]>>();
  for (const copy of copies) {
    if (copy.state !== 'surplus') continue;
    const indexes = nodes.get(copy.nodeId) ?? new Map<number, LeavingCopy[]>();
    nodes.set(copy.nodeId, indexes);
    const group = indexes.get(copy.indexId);
    if (group === undefined) indexes.set(copy.indexId, [copy]);
    else group.push(copy);
  }
  return nodes;
}

/** Builds the cleaner. A copy's mark goes only when the node has confirmed that its documents are gone. */
export function createCleaner(options: CleanerOptions): Cleaner {
  const { state, clients, log } = options;

  /** Those that are still marked as they were: a change of the topology can bring a copy back into use at any time. */
  function stillSurplus(copies: readonly LeavingCopy[]): LeavingCopy[] {
    const marks = new Set(state.copies.leaving());
    return copies.filter((copy) => marks.has(copy));
  }

  /** A node that has lost the index has nothing left to delete. */
  async function lacksIndex(client: NodeClient, index: IndexRecord): Promise<boolean> {
    const { status } = await client.request({ method: 'GET', path: nodePath(index), timeoutMs: options.timeoutMs });
    return status === 404;
  }

  /** Deletes the documents of copies that are still surplus when it is their turn; resolves with those that are gone. */
  async function remove(client: NodeClient, index: IndexRecord, copies: readonly LeavingCopy[]) {
    let chosen: LeavingCopy[] = [];
    const taskUid = await options.inLine(client.id, index.physicalUid, async (afterTask) => {
      // A copy that comes back into use later is repaired behind this request; one that has is not to be touched.
      chosen = stillSurplus(copies);
      if (chosen.length === 0) return null;
      return sendRecorded(options, client, index, afterTask, {
        method: 'POST',
        path: nodePath(index, '/documents/delete'),
        body: JSON.stringify({ filter: shardFilter(chosen.map((copy) => copy.shard)) }),
        timeoutMs: options.timeoutMs,
      });
    });
    if (taskUid === null) return [];
    const succeeded = (await options.ended(client, taskUid)) === 'succeeded';
    return succeeded || (await lacksIndex(client, index)) ? chosen : [];
  }

  async function cleanGroup(copies: readonly LeavingCopy[]): Promise<number> {
    const { nodeId, indexId } = copies[0]!;
    const index = state.catalog.byId(indexId);
    const client = clients.get(nodeId);
    const nobody = client === undefined || index === null;
    if (!nobody && !state.view.up(nodeId)) return 0;
    const gone = stillSurplus(nobody ? copies : await remove(client, index, copies));
    if (gone.length === 0) return 0;
    await state.commit(gone.map(({ shard }): StoreChange => ({ kind: 'deleteLeaving', indexId, shard, nodeId })));
    log.info({ node: nodeId, index: index?.uid, shards: gone.length }, 'deleted surplus copies');
    return gone.length;
  }

  async function cleanNode(nodeId: string, groups: Iterable<readonly LeavingCopy[]>): Promise<number> {
    let cleaned = 0;
    for (const copies of groups) {
      cleaned += await cleanGroup(copies).catch((error: unknown) => {
        log.warn({ err: error, node: nodeId }, 'could not delete surplus copies; will try again');
        return 0;
      });
    }
    return cleaned;
  }

  return {
    async clean() {
      // a node whose queue is long is not to keep the others waiting
      const nodes = [...byNode(state.copies.leaving())];
      const cleaned = await Promise.all(nodes.map(([nodeId, indexes]) => cleanNode(nodeId, indexes.values())));
      return cleaned.reduce((sum, count) => sum + count, 0);
    },
  };
}
