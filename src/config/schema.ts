import { z } from 'zod';
import { isNodeAddress, isNodeId, normalAddress } from '../placement/node-names.ts';
import { choice, duration, flag, integer, keyMeta, port, secret, section, size, text } from './keys.ts';

const nodeId = z.string().refine(isNodeId);
nodeId.register(keyMeta, {
  kind: 'text',
  description:
    'Name of the node, for ever: which shards it holds is computed from it, so never rename a node or give its name to another.',
  expected: '1 to 64 letters, digits, dots, dashes or underscores',
});

const nodeAddress = z.string().refine(isNodeAddress).transform(normalAddress);
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
      'The Meilisearch nodes. They need nothing but their own master key and may be reachable by Miroir only. Nodes that are added to or taken from the list are added to or taken from the cluster at the next start, while it serves; so are nodes through the admin API. A node keeps its id and group.',
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
    'Copies of each shard inside each group. `2` survives the loss of any one node of a group. When it changes, copies are made or taken away while the cluster serves.',
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
    workers: integer(
      'Processes that answer on the port. With `1` one process does everything. With more, that many answer searches and reads of documents, and one besides them does the rest: writes, tasks, repairs, moves. See docs/scaling.md.',
      { min: 1, max: 64 },
      1,
    ),
    max_body_bytes: size(
      'Largest request body, after decompression. Larger ones are answered with `payload_too_large`.',
      '100MiB',
      { min: '1KiB', max: '16GiB' },
    ),
    max_concurrent_requests: integer(
      'Requests handled at the same time, except `/health` and `/_miroir`. Further ones wait in line. Workers have equal shares of this for what they answer themselves.',
      { min: 1, max: 1_000_000 },
      1000,
    ),
    max_queued_requests: integer(
      'Requests that wait in line, in the order in which they came. Further ones are answered at once with 503 `miroir_overloaded` and `Retry-After`.',
      { min: 0, max: 1_000_000 },
      1000,
    ),
    queue_timeout: duration(
      'How long a request waits in line before it is answered with 503 `miroir_overloaded`.',
      '10s',
      { min: '10ms', max: '10m' },
    ),
    max_connections: integer(
      'Connections open at the same time. Further ones are closed at once.',
      { min: 1, max: 1_000_000 },
      10_000,
    ),
    headers_timeout: duration(
      'Time in which the head of a request must have arrived, else the answer is 408 and the connection ends. Not longer than `server.request_timeout`.',
      '10s',
      { min: '100ms', max: '1h' },
    ),
    request_timeout: duration(
      'Time in which a request must have arrived whole, however slow its upload, else the answer is 408 and the connection ends.',
      '30m',
      { min: '100ms', max: '24h' },
    ),
    stall_timeout: duration(
      'How long nothing may arrive of a body that is being received, else the answer is 408 `miroir_request_timeout`, and how long a client may take nothing of an answer that is being sent, else it is cut off.',
      '1m',
      { min: '100ms', max: '1h' },
    ),
    keep_alive_timeout: duration('How long a connection is kept without a request on it.', '75s', {
      min: '1s',
      max: '1h',
    }),
    memory_limit: size(
      'Memory that Miroir may take (its resident set; with `server.workers`, that of each process). A request whose body would pass it is answered with 503 `miroir_overloaded` and `Retry-After`; one at a time is always let in. Each body is counted several times, because it is received, read as text and split into documents.',
      '2GiB',
      { min: '128MiB', max: '16384GiB' },
    ),
  }),
  health: section('How Miroir finds out which nodes answer.', {
    interval: duration(
      'Time between two probes of a node. A node that is suspect or down is probed every second if this is longer.',
      '1s',
      { min: '100ms', max: '10m' },
    ),
    timeout: duration('How long a probe waits for an answer.', '2s', { min: '10ms', max: '1m' }),
    suspect_after: duration(
      'How long a probe may stay unanswered before the node is suspect. Reads then go elsewhere if anybody else has the shards; writes still go to it.',
      '1s',
      { min: '10ms', max: '1m' },
    ),
    down_after: integer(
      'Failed probes in a row after which a node counts as down and is sent nothing. The first one makes it suspect; a refused connection counts as down at once.',
      { min: 1, max: 100 },
      3,
    ),
    up_after: integer(
      'Successful probes in a row after which a node that was suspect or down is used again.',
      { min: 1, max: 100 },
      2,
    ),
    backoff: duration(
      'How long a node stays out that fails again within `health.max_backoff` of its return, however well its probes go; doubled each further time.',
      '10s',
      { min: '1s', max: '1h' },
    ),
    max_backoff: duration('The longest such time.', '1m', { min: '1s', max: '24h' }),
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
    group_selection: choice(
      'Which replica group answers a search. `round_robin`: each group its share of the queries, the pages of one query together. `least_loaded`: the same, but a group that is clearly more loaded than another is left alone.',
      ['round_robin', 'least_loaded'],
      'round_robin',
    ),
    replica_selection: section('Which copies of a shard are read. See docs/when-a-node-is-missing.md.', {
      adaptive: flag(
        'Whether nodes that are clearly slower, more loaded or failing more than others are avoided while others have the shards.',
        true,
      ),
      min_difference: duration(
        'By how much, besides being twice as slow, a node must be slower than another to be avoided.',
        '20ms',
        { min: '1ms', max: '1m' },
      ),
      probe_interval: duration(
        'Time between two reads that are also sent to a node that is avoided, to see how it does. Nobody waits for them.',
        '2s',
        { min: '100ms', max: '1m' },
      ),
    }),
    hedging: section(
      'Hedged reads: when a node is later than in 95 % of its latest reads, other copies are asked as well and the first answer is taken.',
      {
        enabled: flag('Whether reads are hedged.', true),
        budget: integer(
          'Most additional node requests in percent of the others: hedges, repeats where nodes are overloaded, and looks at nodes that are avoided. Going over to another copy after a failure is always allowed.',
          { min: 0, max: 100 },
          10,
        ),
        min_delay: duration('Least time before a read is hedged.', '20ms', { min: '1ms', max: '1m' }),
      },
    ),
    semantic_over_fetch: integer(
      'How many of the nearest documents each node is asked for at least when vectors rank, also when the client wants fewer. A node finds neighbours approximately and finds more of the true ones the more it is asked for. The request header `X-Miroir-Over-Fetch` (a factor from 1 to 50 on offset + limit) overrides it.',
      { min: 1, max: 10_000 },
      100,
    ),
  }),
  write: section('When a write is acknowledged.', {
    consistency: choice(
      'Which copies must have taken a write before it is acknowledged. `in_sync`: at least `write.min_copies` copies of each shard; those that have not are marked stale before the answer and serve no reads until they are repaired. `quorum`: besides, more than half of the copies of each shard in at least one group. `all`: every copy of each shard. With fewer the answer is 503.',
      ['in_sync', 'quorum', 'all'],
      'in_sync',
    ),
    min_copies: integer(
      'In-sync copies of each shard that must have taken a write, over all groups, whatever the consistency. With fewer the answer is 503.',
      { min: 1, max: 65_536 },
      1,
    ),
    timeout: duration(
      'How long a node may take to accept a write, repetitions included, before its copies count as having missed it.',
      '30s',
      { min: '100ms', max: '1h' },
    ),
    probe_after: duration(
      'How long a node may leave a write unanswered before it is probed. If the probes fail (`health.timeout`, `health.down_after`) its copies count as having missed the write, without waiting for `write.timeout`.',
      '1s',
      { min: '10ms', max: '10m' },
    ),
    resends: integer(
      'How often a write that a node did not take (no connection, or cut off and not among the node’s tasks) is sent to it again, within `write.timeout`.',
      { min: 0, max: 20 },
      2,
    ),
    max_waiting: integer(
      'Writes to one index that may wait to be handed to the nodes. Further ones are answered with 503 `miroir_overloaded` and `Retry-After`.',
      { min: 1, max: 1_000_000 },
      500,
    ),
  }),
  idempotency: section('Writes with an `Idempotency-Key` header. See docs/consistency.md.', {
    retention: duration('How long a key is known after its write.', '24h', { min: '1m', max: '365d' }),
    max_keys: integer(
      'Keys that are known; when there are more the oldest are forgotten.',
      { min: 1, max: 100_000_000 },
      1_000_000,
    ),
  }),
  sessions: section('Reads with an `X-Miroir-Session` header. See docs/consistency.md.', {
    max_wait: duration(
      'How long a read waits for the writes of its session. Then it answers without them and says so in `X-Miroir-Degraded`.',
      '5s',
      { min: '1ms', max: '10m' },
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
  tasks: section('The task list that clients see, and that of the nodes.', {
    retention: duration('How long tasks that have ended stay in `GET /tasks`.', '7d', { min: '1m', max: '3650d' }),
    node_retention: duration(
      "How long the nodes keep their own tasks of one that has ended. They are deleted in batches of up to 1,000, so that a node's task database never fills; tasks that Miroir did not make are left alone.",
      '1h',
      { min: '1s', max: '3650d' },
    ),
    max_unfinished: integer(
      'Tasks that may be unfinished at a time. Further writes are answered with 503 `miroir_overloaded` and `Retry-After`, until the nodes have caught up.',
      { min: 1, max: 100_000_000 },
      100_000,
    ),
  }),
  rebalance: section(
    'Repairing copies, and moving them when nodes come, go or are lost. See docs/repair.md and docs/scaling.md.',
    {
      restore_after: duration('How long a node may be away before its copies are made again on other nodes.', '10m', {
        min: '1s',
        max: '30d',
      }),
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
      back_off: section(
        "Copying slows down to the half, second by second, while searches or clients' tasks suffer, and speeds up again when they do not. `miroir-ctl rebalance status` tells the pace and its reason.",
        {
          enabled: flag('Whether copying slows down by itself.', true),
          search_slowdown: integer(
            'By how much, in percent, the 95th percentile of searches may be slower than it was before copying began. `0`: searches are not looked at.',
            { min: 0, max: 10_000 },
            100,
          ),
          task_age: duration(
            'How long the oldest task of a client may have been waiting for the nodes. `0s`: tasks are not looked at.',
            '30s',
            { min: '0s', max: '24h' },
          ),
          min_docs_per_second: integer(
            'Documents per second that are read or stored however busy the cluster is, so that moves end.',
            { min: 1, max: 10_000_000 },
            500,
          ),
        },
      ),
      disk_high_watermark: size(
        'Size of the database of a node from which on it is given no more copies. `0B` sets no limit.',
        '0B',
        { min: '0B', max: '1048576GiB' },
      ),
    },
  ),
  reshard: section('Changing the number of shards of an index. See docs/resharding.md.', {
    retain: duration(
      'How long the former layout of a resharded index is kept for going back; it takes room and gets every write until then.',
      '48h',
      { min: '1m', max: '90d' },
    ),
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
