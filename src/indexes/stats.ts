import { shardFilter } from '../documents/markers.ts';
import { ApiError } from '../errors/api-error.ts';
import type { IndexService } from '../http/services.ts';
import type { NodeClient, NodeResponse } from '../nodes/client.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { Catalog } from './catalog.ts';
import { indexNotFound } from './errors.ts';
import { nodePath } from './prepare.ts';

/** What the statistics are built from. */
export interface StatsOptions {
  catalog: Catalog;
  active: ActiveTasks;
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  timeoutMs: number;
}

/** A node's stats of one index. */
interface NodeIndexStats {
  numberOfDocuments: number;
  rawDocumentDbSize: number;
  avgDocumentSize: number;
  isIndexing: boolean;
  numberOfEmbeddings: number;
  numberOfEmbeddedDocuments: number;
  fieldDistribution: Record<string, number>;
}

interface NodeStats {
  databaseSize: number;
  usedDatabaseSize: number;
  lastUpdate: string | null;
  indexes: Record<string, NodeIndexStats>;
}

const noStats: NodeIndexStats = {
  numberOfDocuments: 0,
  rawDocumentDbSize: 0,
  avgDocumentSize: 0,
  isIndexing: false,
  numberOfEmbeddings: 0,
  numberOfEmbeddedDocuments: 0,
  fieldDistribution: {},
};

/**
 * The stats of an index from those of the nodes that answered. Each document is on `copies` of them, so sums are divided;
 * marker fields, which every document has, are left out.
 */
export function mergeIndexStats(nodes: readonly NodeIndexStats[], copies: number): NodeIndexStats {
  const share = (value: number) => Math.round(value / copies);
  const sum = (field: 'numberOfDocuments' | 'rawDocumentDbSize' | 'numberOfEmbeddings' | 'numberOfEmbeddedDocuments') =>
    share(nodes.reduce((total, node) => total + node[field], 0));
  const fields: Record<string, number> = {};
  for (const node of nodes) {
    for (const [field, count] of Object.entries(node.fieldDistribution)) {
      if (!field.startsWith('_miroir_')) fields[field] = (fields[field] ?? 0) + count;
    }
  }
  const documents = sum('numberOfDocuments');
  const size = sum('rawDocumentDbSize');
  const weighted = nodes.reduce((total, node) => total + node.avgDocumentSize * node.numberOfDocuments, 0);
  const counted = nodes.reduce((total, node) => total + node.numberOfDocuments, 0);
  return {
    numberOfDocuments: documents,
    rawDocumentDbSize: size,
    avgDocumentSize: counted === 0 ? 0 : Math.round(weighted / counted),
    isIndexing: nodes.some((node) => node.isIndexing),
    numberOfEmbeddings: sum('numberOfEmbeddings'),
    numberOfEmbeddedDocuments: sum('numberOfEmbeddedDocuments'),
    fieldDistribution: Object.fromEntries(
      Object.entries(fields)
        .map(([field, count]): [string, number] => [field, share(count)])
        .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    ),
  };
}

/** Statistics and version of the whole, from one healthy group. */
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

  /** The group with the most nodes up; ties go to the first. */
  function bestGroup(): number {
    const up = (group: number) => view.nodes(group).filter((node) => view.up(node)).length / view.nodes(group).length;
    return [...view.groups()].sort((a, b) => up(b) - up(a) || a - b)[0] ?? 0;
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

  /** Whether the nodes asked hold each document exactly `copies` times, so that sums can simply be divided. */
  function wholeGroup(index: IndexRecord, group: number, answered: number): boolean {
    if (answered < view.nodes(group).length) return false;
    if (view.nodes(group).some((node) => view.hasSurplus(index, node))) return false;
    for (let shard = 0; shard < index.shards; shard++) {
      const copies = view.copies(index, group, shard);
      if (copies.length !== view.owners(group, shard).length) return false;
      if (copies.some((node) => !view.inSync(index, shard, node))) return false;
    }
    return true;
  }

  async function indexStats(index: IndexRecord, group: number, nodes: readonly NodeIndexStats[]): Promise<string> {
    const copies = Math.max(1, view.owners(group, 0).length);
    const answered = nodes.length;
    const scale = answered === 0 ? 1 : answered / view.nodes(group).length;
    const merged = nodes.length === 0 ? noStats : mergeIndexStats(nodes, copies * scale);
    if (!wholeGroup(index, group, answered)) {
      merged.numberOfDocuments = await countDocuments(index).catch(() => merged.numberOfDocuments);
    }
    const head = active.head(index.uid);
    return JSON.stringify({ ...merged, isIndexing: merged.isIndexing || head?.record.status === 'processing' });
  }

  return {
    countDocuments,
    async stats(uid) {
      const index = catalog.visible(uid);
      if (index === null) throw indexNotFound(uid);
      const group = bestGroup();
      const answers = await Promise.all(view.nodes(group).map((node) => ask(node, nodePath(index, '/stats'))));
      const nodes = answers
        .filter((answer) => answer !== null)
        .map((answer) => JSON.parse(answer.text) as NodeIndexStats);
      return indexStats(index, group, nodes);
    },
    async allStats(caller) {
      const group = bestGroup();
      const answers = await Promise.all(view.nodes(group).map((node) => ask(node, '/stats')));
      const nodes = answers.filter((answer) => answer !== null).map((answer) => JSON.parse(answer.text) as NodeStats);
      const copies = Math.max(1, view.owners(group, 0).length);
      const indexes = await Promise.all(
        catalog
          .listVisible()
          .filter((index) => caller.allowsIndex(index.uid))
          .map(async (index) => {
            const own = nodes.flatMap((node) => node.indexes[index.physicalUid] ?? []);
            return `${JSON.stringify(index.uid)}:${await indexStats(index, group, own)}`;
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
