import type { Config } from '../config/schema.ts';
import { initHash } from '../placement/hash.ts';
import { seedTopology } from '../placement/seed.ts';
import { createTopologyView } from '../placement/topology.ts';
import { apiCall } from './http.ts';
import { renderTable } from './table.ts';

/** What the report is about besides the configuration. */
export interface DevReportInput {
  url: string;
  masterKey: string;
  directory: string;
  /** Whether the sample index `movies` is there. */
  sample: boolean;
}

/** Shards of a new index that each node holds. */
async function shardsPerNode(config: Config): Promise<Map<string, number>> {
  await initHash();
  const { nodes } = config;
  const view = createTopologyView(seedTopology({ nodes, replicationFactor: config.replicationFactor }));
  const counts = new Map<string, number>(nodes.map(({ id }) => [id, 0]));
  for (const group of view.groups()) {
    for (let shard = 0; shard < config.shards; shard++) {
      for (const id of view.owners(group, shard)) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

async function defaultKey(input: DevReportInput, name: string): Promise<string> {
  const { results } = (await apiCall(input, 'GET', '/keys?limit=100')) as { results: { name: string; key: string }[] };
  return results.find((key) => key.name === name)?.key ?? '(none)';
}

function curl(url: string, key: string, path: string, body?: unknown): string {
  const parts = [`curl '${url}${path}'`, `-H 'Authorization: Bearer ${key}'`];
  if (body !== undefined) parts.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body)}'`);
  return `  ${parts.join(' ')}`;
}

function examples(input: DevReportInput, searchKey: string): string[] {
  const { url, masterKey } = input;
  if (input.sample) {
    return [
      curl(url, searchKey, '/indexes/movies/search', { q: 'lighthouse', limit: 3 }),
      curl(url, searchKey, '/indexes/movies/search', { facets: ['genres'], filter: 'rating > 8', sort: ['year:desc'] }),
      curl(url, masterKey, '/_miroir/topology'),
    ];
  }
  return [
    curl(url, masterKey, '/indexes/books/documents', [{ id: 1, title: 'The Glass Orchard' }]),
    curl(url, searchKey, '/indexes/books/search', { q: 'glass orchrd' }),
    curl(url, masterKey, '/_miroir/topology'),
  ];
}

/** What `miroir dev` prints once everything runs. */
export async function devReport(config: Config, input: DevReportInput): Promise<string> {
  const [searchKey, adminKey, shards] = await Promise.all([
    defaultKey(input, 'Default Search API Key'),
    defaultKey(input, 'Default Admin API Key'),
    shardsPerNode(config),
  ]);
  const nodes = renderTable(
    ['node', 'address', 'group', 'shards'],
    config.nodes.map(({ id, address, group }) => [id, address, group, shards.get(id) ?? 0]),
  );
  return [
    '',
    `Miroir answers at ${input.url}`,
    '',
    `  master key  ${input.masterKey}   (also opens the admin API under /_miroir)`,
    `  search key  ${searchKey}`,
    `  admin key   ${adminKey}`,
    '',
    nodes.replaceAll(/^/gm, '  '),
    '',
    'Try it:',
    ...examples(input, searchKey),
    '',
    `Data and logs are in ${input.directory}. Press Ctrl-C to stop.`,
  ].join('\n');
}
