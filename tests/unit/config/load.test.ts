import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/problems.ts';
import { showConfig } from '../../../src/config/show.ts';

const smallest = `
master_key: change-me-16-bytes-or-more
node_master_key: the-nodes-own-master-key
admin: { api_key: for-operators }
shards: 64
replication_factor: 2
nodes:
  - { id: meili-0, address: "http://10.0.0.10:7700", group: 0 }
  - { id: meili-1, address: "http://10.0.0.11:7700/", group: 0 }
  - { id: meili-2, address: "https://Meili.example:443", group: 0 }
store: { backend: sqlite, path: ./miroir.db }
server: { host: 0.0.0.0, port: 7700 }
`;

const nodes = [{ id: 'a', address: 'http://a:7700' }];

let directory: string;
let written = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'miroir-config-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(content: string): string {
  written += 1;
  const path = join(directory, `${written}.yaml`);
  writeFileSync(path, content);
  return path;
}

function problemsOf(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  throw new Error('expected a ConfigError');
}

describe('the configuration file', () => {
  it('takes the smallest file of the manual without a warning and fills in defaults', () => {
    const { config, warnings } = loadConfig({ file: file(smallest) });
    expect(warnings).toEqual([]);
    expect(config.masterKey).toBe('change-me-16-bytes-or-more');
    expect(config.admin.apiKey).toBe('for-operators');
    expect(config.replicationFactor).toBe(2);
    expect(config.nodes).toEqual([
      { id: 'meili-0', address: 'http://10.0.0.10:7700', group: 0 },
      { id: 'meili-1', address: 'http://10.0.0.11:7700', group: 0 },
      { id: 'meili-2', address: 'https://meili.example', group: 0 },
    ]);
    expect(config.server.maxBodyBytes).toBe(100 * 2 ** 20);
    expect(config.health).toMatchObject({ interval: 1_000, timeout: 2_000, downAfter: 3, upAfter: 2 });
    expect(config.search.hedging).toEqual({ enabled: true, budget: 10, minDelay: 20 });
    expect(config.tasks.retention).toBe(7 * 24 * 3_600_000);
  });

  it('names every problem at once, with its path, what is there and what belongs there', () => {
    const problems = problemsOf(() =>
      loadConfig({
        file: file(`
shard: 3
shards: many
master_key: 12345678
replication_factor: 3
nodes:
  - { id: "a b", address: "10.0.0.1:7700" }
  - { id: x, address: "http://h:1", colour: red }
health: { interval: soon, timeout: 5, down_after: 0 }
server: { max_body_bytes: 1TB }
store: nothing
`),
      }),
    );
    const keys =
      'master_key, node_master_key, admin, shards, replication_factor, nodes, store, server, health, search, write, idempotency, sessions, anti_entropy, tasks, rebalance, reshard, dumps, metrics, log';
    expect(problems.sort()).toEqual(
      [
        'health.down_after: found 0, expected a whole number from 1 to 100',
        'health.interval: found "soon", expected a duration from 100ms to 10m, written like 500ms, 5s, 10m, 6h or 7d',
        'health.timeout: found 5, expected a duration from 10ms to 1m, written like 500ms, 5s, 10m, 6h or 7d',
        'master_key: found a number, expected a text (put it in quotes when it consists of digits)',
        'nodes[0].address: found "10.0.0.1:7700", expected an http:// or https:// URL with a host and nothing after the port',
        'nodes[0].id: found "a b", expected 1 to 64 letters, digits, dots, dashes or underscores',
        'nodes[1].colour: unknown key, expected here one of id, address, group',
        'server.max_body_bytes: found "1TB", expected a size from 1KiB to 16GiB, written like 512KiB, 100MiB or 2GiB',
        `shard: unknown key, expected at the top level one of ${keys}`,
        'shards: found "many", expected a whole number from 1 to 4096',
        'store: found "nothing", expected a section with the keys backend, path, synchronous',
      ].sort(),
    );
  });

  it('says which nodes contradict each other even when another key is wrong too', () => {
    const problems = problemsOf(() =>
      loadConfig({
        file: file(`
shards: 0
replication_factor: 2
write: { min_copies: 5 }
metrics: { port: 7700 }
nodes:
  - { id: a, address: "http://h:1", group: 0 }
  - { id: a, address: "http://h:2", group: 0 }
  - { id: b, address: "http://H:1/", group: 1 }
`),
      }),
    );
    expect(problems).toEqual([
      'shards: found 0, expected a whole number from 1 to 4096',
      'nodes[1].id: "a" is already the id of nodes[0]',
      'nodes[2].address: "http://h:1" is already the address of nodes[0]',
      'replication_factor: 2 copies of each shard do not fit into group 1, which has 1 node',
      'write.min_copies: 5 copies can never take a write: replication_factor times the number of groups gives 4 of each shard',
      'metrics.port: 7700 is also server.port, expected another port',
    ]);
  });

  it('refuses a timeout for the head of a request that is longer than the one for all of it', () => {
    const server = { headers_timeout: '2s', request_timeout: '1s' };
    expect(problemsOf(() => parseConfig({ nodes, server }))).toEqual([
      'server.headers_timeout: longer than server.request_timeout, which includes it',
    ]);
  });

  it.each(['ftp://h:1', 'http://', 'http://h:1/path', 'http://user:secret@h:1', 'http://h:1?x=1', 'h'])(
    'refuses the node address %s',
    (address) => {
      expect(problemsOf(() => parseConfig({ nodes: [{ id: 'a', address }] }))).toHaveLength(1);
    },
  );

  it('points at the line of a YAML mistake and at a file that is not there', () => {
    expect(problemsOf(() => loadConfig({ file: file('a: [1\nb: 2') }))[0]).toMatch(/line 2/);
    expect(problemsOf(() => loadConfig({ file: join(directory, 'absent.yaml') }))[0]).toMatch(
      /absent\.yaml cannot be read/,
    );
    expect(problemsOf(() => loadConfig({ file: file('- a') }))[0]).toMatch(/keys and values/);
    expect(problemsOf(() => loadConfig({ file: file('') }))[0]).toMatch(/^nodes: it is missing, expected a list/);
  });

  it('never repeats a secret, in problems or in the listing', () => {
    const raw = { master_key: 'topsecret-topsecret', admin: { api_key: 'operators-secret' }, nodes };
    expect(showConfig(parseConfig(raw))).not.toContain('secret');
    expect(showConfig(parseConfig(raw))).toContain('api_key: "********"');
    const problems = problemsOf(() =>
      loadConfig({ env: { MIROIR_NODES: '[]' }, flags: { master_key: ['topsecret'] } }),
    );
    expect(problems.join()).not.toContain('topsecret');
  });

  it('lists a configuration that loads again as the same', () => {
    const config = parseConfig({ nodes, health: { interval: '90s' }, server: { max_body_bytes: '1536KiB' } });
    const again = loadConfig({ file: file(showConfig(config)) }).config;
    expect(again).toEqual(config);
  });
});

describe('environment and flags', () => {
  const env = {
    MIROIR_NODES: '[{"id":"e","address":"http://e:1"}]',
    MIROIR_SERVER_PORT: '7801',
    MIROIR_METRICS_ENABLED: 'false',
    MIROIR_MASTER_KEY: '1234567890123456',
    MIROIR_SHARDS: '',
    MIROIR_SEARCH_NODE_TIMEOUT: '250ms',
  };

  it('lays flags over the environment over the file', () => {
    const { config } = loadConfig({ file: file(smallest), env: { ...env, MIROIR_REPLICATION_FACTOR: '1' } });
    expect(config.nodes.map((node) => node.id)).toEqual(['e']);
    expect(config.server).toMatchObject({ port: 7801, host: '0.0.0.0' });
    expect(config.metrics.enabled).toBe(false);
    expect(config.masterKey).toBe('1234567890123456');
    expect(config.shards).toBe(64);
    expect(config.search.nodeTimeout).toBe(250);
    expect(loadConfig({ env, flags: { server: { port: 7802 } } }).config.server.port).toBe(7802);
  });

  it('names the variable that holds a bad value', () => {
    const load = () => loadConfig({ env: { ...env, MIROIR_SERVER_PORT: 'tcp://10.0.0.1:7700', MIROIR_NODES: 'x' } });
    expect(load).toThrow('server.port (from MIROIR_SERVER_PORT): found "tcp://10.0.0.1:7700", expected a whole number');
    expect(load).toThrow('nodes (from MIROIR_NODES): found "x", expected a list of at least one node');
  });

  it('reads secrets from files, for the file and for the environment', () => {
    const key = file('from-a-file-of-its-own\n');
    const yaml = file(
      `master_key_file: ${key}\nadmin: { api_key_file: ${key} }\nnodes: [{ id: a, address: "http://a:1" }]`,
    );
    const fromFile = loadConfig({ file: yaml }).config;
    expect([fromFile.masterKey, fromFile.admin.apiKey]).toEqual(['from-a-file-of-its-own', 'from-a-file-of-its-own']);
    const fromEnv = loadConfig({ env: { ...env, MIROIR_NODE_MASTER_KEY_FILE: key } }).config;
    expect(fromEnv.nodeMasterKey).toBe('from-a-file-of-its-own');
    expect(loadConfig({ file: yaml, env: { MIROIR_MASTER_KEY: 'x'.repeat(16) } }).config.masterKey).toBe(
      'x'.repeat(16),
    );
  });

  it('refuses a secret given twice, missing or empty', () => {
    const empty = file('\n');
    const problems = problemsOf(() =>
      loadConfig({
        env: {
          ...env,
          MIROIR_MASTER_KEY_FILE: empty,
          MIROIR_NODE_MASTER_KEY_FILE: empty,
          MIROIR_ADMIN_API_KEY_FILE: join(directory, 'absent'),
        },
      }),
    );
    expect(problems).toEqual([
      'master_key_file: given together with master_key, expected only one of them',
      `node_master_key_file: the file ${empty} is empty`,
      expect.stringMatching(/^admin\.api_key_file: the file cannot be read: .*absent/),
    ]);
  });

  it('warns of what is unsafe and of variables that are probably misspelt', () => {
    const paths = (more: Record<string, string>) =>
      loadConfig({ env: { ...env, ...more } }).warnings.map((w) => w.path);
    const always = ['node_master_key', 'admin.api_key'];
    expect(paths({})).toEqual(always);
    expect(paths({ MIROIR_MASTER_KEY: 'short' })).toEqual(['master_key', ...always]);
    expect(paths({ MIROIR_MASTERKEY: 'x', MIROIR_PORT: 'tcp://x', MIROIR_SERVICE_HOST: 'x' })).toEqual([
      ...always,
      'MIROIR_MASTERKEY',
    ]);
  });
});
