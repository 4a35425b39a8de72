import type { NodeClient } from './client.ts';

/** Where a node is reached. */
export interface NodeAddress {
  id: string;
  address: string;
}

/** The clients of the cluster's nodes, which come and go with the topology. */
export interface NodeRegistry {
  get(nodeId: string): NodeClient | undefined;
  all(): NodeClient[];
  /** Have a client for each of these nodes and no others; one whose address changed gets a new client. */
  setNodes(nodes: readonly NodeAddress[]): void;
  close(): Promise<void>;
}

/** What the registry is built from. */
export interface NodeRegistryOptions {
  create(node: NodeAddress): NodeClient;
  onAdded?(client: NodeClient): void;
  onRemoved?(nodeId: string): void;
}

/** An empty registry. */
export function createNodeRegistry(options: NodeRegistryOptions): NodeRegistry {
  const entries = new Map<string, { address: string; client: NodeClient }>();

  function remove(id: string): void {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    options.onRemoved?.(id);
    void entry.client.close();
  }

  return {
    get: (nodeId) => entries.get(nodeId)?.client,
    all: () => [...entries.values()].map(({ client }) => client),
    setNodes(nodes) {
      const addresses = new Map(nodes.map(({ id, address }) => [id, address]));
      for (const [id, { address }] of entries) if (addresses.get(id) !== address) remove(id);
      for (const node of nodes) {
        if (entries.has(node.id)) continue;
        const client = options.create(node);
        entries.set(node.id, { address: node.address, client });
        options.onAdded?.(client);
      }
    },
    async close() {
      const clients = [...entries.values()].map(({ client }) => client);
      entries.clear();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
