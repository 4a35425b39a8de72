import { z } from 'zod';
import { choice, duration, flag, integer, keyMeta, port, secret, section, size, text } from './keys.ts';

function isNodeAddress(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
}

const nodeId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
nodeId.register(keyMeta, {
  kind: 'text',
  description:
    'Name of the node, for ever: which shards it holds is computed from it, so never rename a node or give its name to another.',
  expected: '1 to 64 letters, digits, dots, dashes or underscores',
});

const nodeAddress = z
  .string()
  .refine(isNodeAddress)
  .transform((value) => new URL(value).origin);
nodeAddress.register(keyMeta, {
  kind: 'text',
  description: 'Where Miroir reaches the node, for example `http://10.0.0.10:7700`.',
  expected: 'an http:// or https:// URL with a host and nothing after the port',
});

const nodeGroup = z.int().min(0).max(1023).default(0);
nodeGroup.register(keyMeta, {
  kind: 'integer',
  description:
    'Replica group of the node. The nodes of a group hold every shard between them; each further group is a complete second set that serves searches and survives the loss of the first.',
  expected: 'a whole number from 0 to 1023',
  default: '0',
});

const nodes = z
  .array(z.strictObject({ id: nodeId, address: nodeAddress, group: nodeGroup }))
  .min(1)
  .register(keyMeta, {
    kind: 'list',
    description:
      'The Meilisearch nodes. They need nothing but their own master key and may be reachable by Miroir only. Once the store exists their addresses may change, their ids and groups may not.',
    expected: 'a list of at least one node, each `{ id, address, group }`',
  });

/** The configuration file: every key that Miroir reads, with its meaning, default and limits. */
export const fileSchema = z.strictObject({
  master_key: secret(
    'Key that clients authenticate with, as on a single Meilisearch; the values of all API keys derive from it. Without it everybody may do everything. Use at least 16 characters.',
  ),
  node_master_key: secret(
    'Master key of the nodes, the same on all of them. Only Miroir uses it. Leave it out when the nodes run without one.',
  ),
  admin: section("Miroir's own admin API under `/_miroir`.", {
    api_key: secret('Key that operators and `miroir-ctl` authenticate with on `/_miroir`.'),
  }),
  shards: integer(
    'Number of shards of each new index. Existing indexes keep theirs. Choose some times the number of nodes that you may ever have in a group.',
    { min: 1, max: 4096 },
    64,
  ),
  replication_factor: integer(
    'Copies of each shard inside each group. `2` survives the loss of any one node of a group. Fixed once the store exists.',
    { min: 1, max: 64 },
    1,
  ),
  nodes,
  store: section('Where Miroir keeps what must survive a restart: tasks, the list of indexes, keys, stale copies.', {
    backend: choice('Kind of store.', ['sqlite'], 'sqlite'),
    path: text(
      'File of the SQLite store, relative to the working directory. Its folder must exist.',
      './miroir.db',
      'a file path',
    ),
    synchronous: choice(
      '`full` puts every acknowledged task on disk before the answer. `normal` is faster and may lose the last moments when the machine (not merely Miroir) goes down.',
      ['full', 'normal'],
      'full',
    ),
  }),
  server: section('Where clients connect.', {
    host: text(
      'Address to listen on. `0.0.0.0` or `::` accepts connections from other machines.',
      '127.0.0.1',
      'a host name or IP address',
    ),
    port: port('Port to listen on.', 7700),
    max_body_bytes: size(
      'Largest request body, after decompression. Larger ones are answered with `payload_too_large`.',
      '100MiB',
      { min: '1KiB', max: '16GiB' },
    ),
    max_concurrent_requests: integer(
      'Requests handled at the same time. Further ones are answered with 503 `miroir_overloaded` and `Retry-After`.',
      { min: 1, max: 1_000_000 },
      1000,
    ),
  }),
  health: section('How Miroir finds out which nodes answer.', {
    interval: duration(
      'Time between two probes of a node. A node that is down is probed every second if this is longer.',
      '5s',
      { min: '100ms', max: '10m' },
    ),
    timeout: duration('How long a probe waits for an answer.', '2s', { min: '10ms', max: '1m' }),
    down_after: integer(
      'Failed probes in a row after which a node counts as down. A refused connection counts at once.',
      { min: 1, max: 100 },
      3,
    ),
    up_after: integer(
      'Successful probes in a row after which a node that was down is used again.',
      { min: 1, max: 100 },
      2,
    ),
  }),
  search: section('How searches and reads behave.', {
    node_timeout: duration(
      'How long a node may take to answer its part of a search before another copy is asked.',
      '5s',
      { min: '10ms', max: '10m' },
    ),
    unavailable_shards: choice(
      'What a search does when no copy of a shard can be reached: `partial` answers from the other shards and says so in `X-Miroir-Degraded`, `error` answers 503 `miroir_shard_unavailable`.',
      ['partial', 'error'],
      'partial',
    ),
  }),
  write: section('When a write is acknowledged.', {
    consistency: choice(
      '`in_sync`: every copy that is in sync has taken the write, and those that have not are marked stale before the answer and serve no reads until they are repaired.',
      ['in_sync'],
      'in_sync',
    ),
    min_copies: integer(
      'Copies of each shard that must have taken a write, over all groups. With fewer the answer is 503 `miroir_write_incomplete`.',
      { min: 1, max: 65_536 },
      1,
    ),
    timeout: duration(
      'How long a node may take to accept a write before its copies count as having missed it.',
      '30s',
      { min: '100ms', max: '1h' },
    ),
  }),
  rebalance: section('How fast copies are repaired and moved. See docs/repair.md.', {
    docs_per_second: integer(
      'Documents read or stored per second by all repairs and moves together. `0`: no limit.',
      { min: 0, max: 10_000_000 },
      20_000,
    ),
    max_concurrent_moves: integer(
      'Indexes, one node each, whose copies are repaired or moved at the same time.',
      { min: 1, max: 64 },
      2,
    ),
    max_pause: duration(
      'How long writes to an index may be held back at a time, while the last differences of a copy are put right; it is usually a fraction of a second. When that is not enough they go on and it is tried again.',
      '10s',
      { min: '100ms', max: '1m' },
    ),
  }),
  anti_entropy: section('Comparing the copies of every shard with each other. See docs/repair.md.', {
    enabled: flag('Whether all indexes are compared on a schedule. `miroir-ctl verify` works in any case.', true),
    interval: duration('Time between the beginnings of two comparisons of everything.', '6h', {
      min: '1m',
      max: '365d',
    }),
    remember_deletions: duration(
      'How long deletions are remembered, to tell documents that a copy lost from documents that another copy failed to delete.',
      '30d',
      { min: '1m', max: '3650d' },
    ),
  }),
  tasks: section('The task list that clients see.', {
    retention: duration('How long tasks that have ended stay in `GET /tasks`.', '7d', { min: '1m', max: '3650d' }),
  }),
  dumps: section('Dumps: where they are written and how they are read. See docs/backup.md.', {
    dir: text(
      'Folder for dumps, relative to the working directory; created when first needed. While a dump is written or imported it also holds the documents uncompressed.',
      './dumps',
      'a folder path',
    ),
    max_import_bytes: size('Largest dump that is imported, as uploaded and also unpacked.', '100GiB', {
      min: '1KiB',
      max: '16384GiB',
    }),
    max_pause: duration(
      'How long writes may be held back for a dump until the tasks before them have ended. When that is not enough the dump fails and writes go on.',
      '10m',
      { min: '1s', max: '24h' },
    ),
  }),
  metrics: section(
    'Prometheus metrics on a port of their own, so that it can be kept from clients. `GET /_miroir/metrics` serves the same text.',
    {
      enabled: flag('Whether to open the port.', true),
      host: text('Address to listen on.', '127.0.0.1', 'a host name or IP address'),
      port: port('Port to listen on; the path is `/metrics`.', 9090),
    },
  ),
  log: section('The log: one JSON object per line on standard output.', {
    level: choice(
      'Least important level that is written.',
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
    ),
  }),
});

/** What the file may hold, before defaults. */
export type FileInput = z.input<typeof fileSchema>;
/** The file with defaults, durations in ms and sizes in bytes, keys as written. */
export type FileOutput = z.output<typeof fileSchema>;

type CamelKey<S> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail> & string>}` : S;
type Camel<T> = T extends readonly (infer Item)[]
  ? readonly Camel<Item>[]
  : T extends object
    ? { readonly [K in keyof T as CamelKey<K>]: Camel<T[K]> }
    : T;

/** Miroir's settings as the code uses them: camelCase keys, durations in milliseconds, sizes in bytes. */
export type Config = Camel<FileOutput>;
