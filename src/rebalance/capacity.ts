import type { NodeClient } from '../nodes/client.ts';

/** What a node holds. */
export interface NodeCapacity {
  /** Documents over all indexes, copies included. */
  documents: number;
  /** Size of its database on disk. */
  bytes: number;
  /** By the nodes' name of the index. */
  indexes: Record<string, { documents: number; bytes: number }>;
}

/** What reading capacities is built from. */
export interface CapacityOptions {
  nodes(): readonly string[];
  clients: { get(nodeId: string): NodeClient | undefined };
  up(nodeId: string): boolean;
  timeoutMs: number;
  /** Milliseconds for which an answer is good. */
  freshMs: number;
  now(): number;
}

interface NodeStats {
  databaseSize: number;
  indexes: Record<string, { numberOfDocuments: number; rawDocumentDbSize: number }>;
}

async function ask(client: NodeClient, timeoutMs: number): Promise<NodeCapacity | null> {
  const response = await client.request({ method: 'GET', path: '/stats', timeoutMs }).catch(() => null);
  if (response?.status !== 200) return null;
  const stats = JSON.parse(response.text) as NodeStats;
  const indexes = Object.entries(stats.indexes).map(([uid, { numberOfDocuments, rawDocumentDbSize }]) => [
    uid,
    { documents: numberOfDocuments, bytes: rawDocumentDbSize },
  ]);
  const documents = Object.values(stats.indexes).reduce((sum, index) => sum + index.numberOfDocuments, 0);
  return { documents, bytes: stats.databaseSize, indexes: Object.fromEntries(indexes) };
}

/** Knows how much each node holds: read from the nodes when asked for, at most once in a while. */
export interface Capacities {
  /** By node id; nodes that do not answer are left out. */
  read(): Promise<ReadonlyMap<string, NodeCapacity>>;
  /** What was read last. */
  last(): ReadonlyMap<string, NodeCapacity>;
}

/** Builds it. */
export function createCapacities(options: CapacityOptions): Capacities {
  let known: ReadonlyMap<string, NodeCapacity> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  async function refresh(): Promise<void> {
    const entries = await Promise.all(
      options.nodes().map(async (nodeId): Promise<[string, NodeCapacity][]> => {
        const client = options.up(nodeId) ? options.clients.get(nodeId) : undefined;
        const found = client === undefined ? null : await ask(client, options.timeoutMs);
        return found === null ? [] : [[nodeId, found]];
      }),
    );
    known = new Map(entries.flat());
    readAt = options.now();
  }

  return {
    last: () => known,
    async read() {
      if (options.now() - readAt >= options.freshMs) {
        reading ??= refresh().finally(() => {
          reading = null;
        });
        await reading;
      }
      return known;
    },
  };
}
