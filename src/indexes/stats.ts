import { shardFilter } from '../documents/markers.ts';
import { ApiError } from '../errors/api-error.ts';
import type { IndexService } from '../http/services.ts';
import type { NodeClient, NodeResponse } from '../nodes/client.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { Catalog } from './catalog.ts';
import { indexNotFound } from './errors.ts';
import { mergeIndexStats, type NodeIndexStats, noStats } from './merge-stats.ts';
import { nodePath } from './prepare.ts';
import { copiesEach, mostUpGroup, type StatsSources, statsSources } from './stats-sources.ts';

/** What the statistics are built from. */
export interface StatsOptions {
  catalog: Catalog;
  active: ActiveTasks;
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  timeoutMs: number;
}

/** What a node answered about an index. */
interface NodeAnswer {
  node: string;
  stats: NodeIndexStats;
}

interface NodeStats {
  databaseSize: number;
  usedDatabaseSize: number;
  lastUpdate: string | null;
  indexes: Record<string, NodeIndexStats>;
}

/** Statistics and version of the whole. */
export interface Stats extends Pick<IndexService, 'stats' | 'allStats' | 'version'> {
  /** Documents of an index, each counted once, whatever copies its nodes hold. */
  countDocuments(index: IndexRecord): Promise<number>;
}

/** Builds the statistics. */
export function createStats(options: StatsOptions): Stats {
  const { catalog, active, view, clients } = options;

  async function ask(nodeId: string, path: string, body?: string): Promise<NodeResponse | null> {
    try {
      const method = body === undefined ? 'GET' : 'POST';
      const request = { method, path, timeoutMs: options.timeoutMs } as const;
      const response = await clients.get(nodeId)?.request(body === undefined ? request : { ...request, body });
      return response?.status === 200 ? response : null;
    } catch {
      return null;
    }
  }

  async function nodeStats(node: string): Promise<NodeStats | null> {
    const answer = await ask(node, '/stats');
    return answer === null ? null : (JSON.parse(answer.text) as NodeStats);
  }

  /** Every shard asked on one in-sync copy, so the count is exact whatever else the nodes hold. */
  async function countDocuments(index: IndexRecord): Promise<number> {
    const byNode = new Map<string, number[]>();
    for (let shard = 0; shard < index.shards; shard++) {
      const copies = view.groups().flatMap((group) => [...view.copies(index, group, shard)]);
      const node = copies.find((copy) => view.up(copy) && view.inSync(index, shard, copy));
      if (node === undefined) {
        throw new ApiError('miroir_shard_unavailable', `No in-sync copy of shard ${shard} can be reached.`);
      }
      byNode.set(node, [...(byNode.get(node) ?? []), shard]);
    }
    const totals = await Promise.all(
      [...byNode].map(async ([nodeId, shards]) => {
        const body = JSON.stringify({ limit: 0, filter: shardFilter(shards) });
        const response = await ask(nodeId, nodePath(index, '/documents/fetch'), body);
        if (response === null) throw new ApiError('miroir_shard_unavailable', 'A node did not answer while counting.');
        return (JSON.parse(response.text) as { total: number }).total;
      }),
    );
    return totals.reduce((sum, total) => sum + total, 0);
  }

  /**
   * How many times the nodes that answered count each document. Exact when every document is equally often on them;
   * otherwise the average, from the exact number of documents, and without that from the shape of the cluster.
   */
  async function copiesCounted(index: IndexRecord, { group, sound }: StatsSources, answered: readonly NodeAnswer[]) {
    const nodes = answered.map(({ node }) => node);
    const each = sound ? copiesEach(view, index, group, nodes) : null;
    if (each !== null) return each;
    const counted = answered.reduce((sum, { stats }) => sum + stats.numberOfDocuments, 0);
    const documents = await countDocuments(index).catch(() => null);
    if (documents === null) return (view.owners(group, 0).length * nodes.length) / view.nodes(group).length;
    return documents === 0 || counted === 0 ? null : counted / documents;
  }

  /** Stats of an index from its best sources; `read` asks a node for its own. */
  async function indexStats(index: IndexRecord, read: (node: string) => Promise<NodeIndexStats | null>) {
    const sources = statsSources(view, index);
    const answers = await Promise.all(sources.nodes.map(async (node) => ({ node, stats: await read(node) })));
    const answered = answers.filter((answer): answer is NodeAnswer => answer.stats !== null);
    const copies = answered.length === 0 ? null : await copiesCounted(index, sources, answered);
    const merged =
      copies === null
        ? noStats
        : mergeIndexStats(
            answered.map(({ stats }) => stats),
            copies,
          );
    const head = active.head(index.uid);
    return JSON.stringify({ ...merged, isIndexing: merged.isIndexing || head?.record.status === 'processing' });
  }

  return {
    countDocuments,
    async stats(uid) {
      const index = catalog.visible(uid);
      if (index === null) throw indexNotFound(uid);
      return indexStats(index, async (node) => {
        const answer = await ask(node, nodePath(index, '/stats'));
        return answer === null ? null : (JSON.parse(answer.text) as NodeIndexStats);
      });
    },
    async allStats(caller) {
      const asked = new Map<string, Promise<NodeStats | null>>();
      const read = (node: string) => {
        const answer = asked.get(node) ?? nodeStats(node);
        asked.set(node, answer);
        return answer;
      };
      const group = mostUpGroup(view);
      const nodes = (await Promise.all(view.nodes(group).map(read))).filter((answer) => answer !== null);
      const copies = Math.max(1, view.owners(group, 0).length);
      const indexes = await Promise.all(
        catalog
          .listVisible()
          .filter((index) => caller.allowsIndex(index.uid))
          .map(async (index) => {
            const own = await indexStats(index, async (node) => (await read(node))?.indexes[index.physicalUid] ?? null);
            return `${JSON.stringify(index.uid)}:${own}`;
          }),
      );
      const sum = (field: 'databaseSize' | 'usedDatabaseSize') =>
        Math.round(nodes.reduce((total, node) => total + node[field], 0) / copies);
      const updates = nodes.flatMap((node) => node.lastUpdate ?? []);
      const lastUpdate = updates.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null;
      return `{"databaseSize":${sum('databaseSize')},"usedDatabaseSize":${sum('usedDatabaseSize')},"lastUpdate":${JSON.stringify(lastUpdate)},"indexes":{${indexes.join(',')}}}`;
    },
    async version() {
      const nodes = view.groups().flatMap((group) => view.nodes(group).filter((node) => view.up(node)));
      const answers = await Promise.all(nodes.map((node) => ask(node, '/version')));
      const versions = answers
        .filter((answer) => answer !== null)
        .map((answer) => ({
          text: answer.text,
          version: (JSON.parse(answer.text) as { pkgVersion: string }).pkgVersion,
        }))
        .sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }));
      const lowest = versions[0];
      if (lowest === undefined) throw new ApiError('miroir_shard_unavailable', 'No node answers at present.');
      return lowest.text;
    },
  };
}
