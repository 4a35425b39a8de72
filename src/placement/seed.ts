import type { NodeRecord, TopologyRecord } from '../store/records.ts';

const shape = (record: Pick<TopologyRecord, 'nodes' | 'replicationFactor'>): string =>
  JSON.stringify([
    record.replicationFactor,
    record.nodes.map(({ id, group }) => [id, group]).sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
  ]);

/**
 * The topology to run with: the store's, which the configuration seeds on first start. Addresses follow the
 * configuration. Other differences would leave documents where nobody looks for them, so they throw an error that says
 * what differs.
 */
export function seedTopology(
  stored: TopologyRecord | null,
  configured: { nodes: readonly NodeRecord[]; replicationFactor: number },
): TopologyRecord {
  const wanted = {
    nodes: configured.nodes.map((node) => ({ ...node })),
    replicationFactor: configured.replicationFactor,
  };
  if (stored === null) return { version: 1, ...wanted };
  if (shape(stored) !== shape(wanted)) {
    const list = (nodes: readonly NodeRecord[]) => nodes.map((node) => `${node.id} (group ${node.group})`).join(', ');
    throw new Error(
      `the configuration does not fit the data: it has nodes ${list(wanted.nodes)} with replication_factor ${wanted.replicationFactor}, ` +
        `but the store was filled with nodes ${list(stored.nodes)} and replication_factor ${stored.replicationFactor}. ` +
        'Restore the former values; addresses may change freely.',
    );
  }
  if (JSON.stringify(stored.nodes) === JSON.stringify(wanted.nodes)) return stored;
  return { version: stored.version + 1, ...wanted };
}
