/** A node's stats of one index. */
export interface NodeIndexStats {
  numberOfDocuments: number;
  rawDocumentDbSize: number;
  avgDocumentSize: number;
  isIndexing: boolean;
  numberOfEmbeddings: number;
  numberOfEmbeddedDocuments: number;
  fieldDistribution: Record<string, number>;
}

export const noStats: NodeIndexStats = {
  numberOfDocuments: 0,
  rawDocumentDbSize: 0,
  avgDocumentSize: 0,
  isIndexing: false,
  numberOfEmbeddings: 0,
  numberOfEmbeddedDocuments: 0,
  fieldDistribution: {},
};

/**
 * The stats of an index from those of some nodes, which count each document `copies` times on average, so sums are divided;
 * marker fields, which every document has, are left out.
 */
export function mergeIndexStats(nodes: readonly NodeIndexStats[], copies: number): NodeIndexStats {
  // What a node has is there, however little of it a share is.
  const share = (value: number) => Math.max(Math.min(value, 1), Math.round(value / copies));
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
