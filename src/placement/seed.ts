import type { NodeRecord, TopologyRecord } from '../store/records.ts';

/** Nodes and replication factor as the configuration file names them. */
export interface ConfiguredTopology {
  nodes: readonly { id: string; address: string; group: number }[];
  replicationFactor: number;
}

/** The first topology of a cluster. */
export function seedTopology(configured: ConfiguredTopology): TopologyRecord {
  const nodes = configured.nodes.map(
    ({ id, address, group }): NodeRecord => ({ id, address, group, slot: id, state: 'active' }),
  );
  return { version: 1, replicationFactor: configured.replicationFactor, nodes, retired: [] };
}

/** What was edited in the configuration since it was last read. */
export interface ConfigurationEdits {
  added: { id: string; address: string; group: number }[];
  removed: string[];
  replicationFactor: number | null;
  /** Addresses of nodes that are part of the cluster. */
  addresses: Map<string, string>;
}

/**
 * What an operator changed in the file: the store holds the truth, because nodes also come and go through the admin API, so
 * the file is compared with what it said before, not with the truth. Throws when a node changed its group.
 */
export function configurationEdits(
  before: ConfiguredTopology,
  now: ConfiguredTopology,
  present: TopologyRecord,
): ConfigurationEdits {
  const known = new Map(present.nodes.map((node) => [node.id, node]));
  const former = new Set(before.nodes.map((node) => node.id));
  const named = new Set(now.nodes.map((node) => node.id));
  for (const { id, group } of now.nodes) {
    const node = known.get(id);
    if (node !== undefined && node.group !== group) {
      throw new Error(
        `the configuration puts node ${id} into group ${group}, but it belongs to group ${node.group}: nodes do not change their group. ` +
          'Drain it, then add it under another id.',
      );
    }
  }
  return {
    added: now.nodes.filter(({ id }) => !former.has(id) && !known.has(id)),
    removed: before.nodes.map((node) => node.id).filter((id) => !named.has(id) && known.has(id)),
    replicationFactor: before.replicationFactor === now.replicationFactor ? null : now.replicationFactor,
    addresses: new Map(
      now.nodes.flatMap(({ id, address }): [string, string][] => {
        const node = known.get(id);
        return node === undefined || node.address === address ? [] : [[id, address]];
      }),
    ),
  };
}
