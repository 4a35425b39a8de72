import type { Problem } from './problems.ts';
import type { FileOutput } from './schema.ts';

/** The valid parts of a configuration; parts with problems of their own are absent. */
export type ValidParts = Partial<FileOutput>;

type Node = FileOutput['nodes'][number];

/** Meilisearch asks for this many in production. */
const safeKeyLength = 16;

function duplicates(nodes: readonly Node[], field: 'id' | 'address'): Problem[] {
  return nodes.flatMap((node, position) => {
    const first = nodes.findIndex((other) => other[field] === node[field]);
    if (first === position) return [];
    return [
      { path: `nodes[${position}].${field}`, message: `"${node[field]}" is already the ${field} of nodes[${first}]` },
    ];
  });
}

function groupSizes(nodes: readonly Node[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const node of nodes) sizes.set(node.group, (sizes.get(node.group) ?? 0) + 1);
  return sizes;
}

function copiesFit(nodes: readonly Node[], replicationFactor: number): Problem[] {
  return [...groupSizes(nodes)]
    .filter(([, count]) => count < replicationFactor)
    .map(([group, count]) => ({
      path: 'replication_factor',
      message: `${replicationFactor} copies of each shard do not fit into group ${group}, which has ${count} ${count === 1 ? 'node' : 'nodes'}`,
    }));
}

function minCopiesReachable(nodes: readonly Node[], replicationFactor: number, minCopies: number): Problem[] {
  const copies = groupSizes(nodes).size * replicationFactor;
  if (minCopies <= copies) return [];
  return [
    {
      path: 'write.min_copies',
      message: `${minCopies} copies can never take a write: replication_factor times the number of groups gives ${copies} of each shard`,
    },
  ];
}

function portsDiffer(server: FileOutput['server'], metrics: FileOutput['metrics']): Problem[] {
  if (!metrics.enabled || metrics.port === 0 || metrics.port !== server.port) return [];
  return [{ path: 'metrics.port', message: `${metrics.port} is also server.port, expected another port` }];
}

function headersInTime(server: FileOutput['server']): Problem[] {
  if (server.headers_timeout <= server.request_timeout) return [];
  return [{ path: 'server.headers_timeout', message: 'longer than server.request_timeout, which includes it' }];
}

/** What no single key can tell: contradictions between keys. */
export function crossChecks(parts: ValidParts): Problem[] {
  const { nodes, replication_factor: factor, write, server, metrics } = parts;
  const problems: Problem[] = [];
  if (nodes !== undefined) problems.push(...duplicates(nodes, 'id'), ...duplicates(nodes, 'address'));
  if (nodes !== undefined && factor !== undefined) {
    problems.push(...copiesFit(nodes, factor));
    if (write !== undefined) problems.push(...minCopiesReachable(nodes, factor, write.min_copies));
  }
  if (server !== undefined) problems.push(...headersInTime(server));
  if (server !== undefined && metrics !== undefined) problems.push(...portsDiffer(server, metrics));
  return problems;
}

/** What works but is probably not meant, or not safe. */
export function warnings(config: FileOutput): Problem[] {
  const found: Problem[] = [];
  if (config.master_key === undefined) {
    found.push({ path: 'master_key', message: 'not set, so everybody who reaches the port may do everything' });
  } else if (Buffer.byteLength(config.master_key) < safeKeyLength) {
    found.push({ path: 'master_key', message: `shorter than ${safeKeyLength} bytes, which is too short to be safe` });
  }
  if (config.node_master_key === undefined) {
    found.push({ path: 'node_master_key', message: 'not set, so the nodes must run without a master key' });
  }
  if (config.admin.api_key === undefined) {
    found.push({ path: 'admin.api_key', message: 'not set, so nobody can use the admin API under /_miroir' });
  }
  return found;
}
