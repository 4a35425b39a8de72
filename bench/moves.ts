import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminRebalance } from '../src/placement/admin-types.ts';
import { loadCorpus } from '../tests/parity/suites/load.ts';
import { adminKey, type Cluster, nodeMasterKey, startCluster } from '../tests/support/cluster.ts';
import { products } from '../tests/support/corpus.ts';
import { type RawRequest, type Server, send, sendJson } from '../tests/support/http.ts';
import { startGuardedNode, temporaryFolder } from '../tests/support/processes.ts';
import { type LoadResult, runLoad } from './load.ts';
import { number, ratio, table } from './table.ts';
import { searchOf, workload } from './workload.ts';

/** How much to do. */
export interface MovesSize {
  documents: number;
  /** Milliseconds of searching before each change. */
  calmMs: number;
}

/** What one change of the topology cost. */
export interface MoveResult {
  change: string;
  /** Documents stored on new owners, and those in the copies that had to be made. */
  moved: number;
  least: number;
  /** What an even spread over the nodes would have to move. */
  even: number;
  seconds: number;
  before: LoadResult;
  during: LoadResult;
}

const clients = 4;
const pollMs = 100;
const asAdmin = ({ address }: Server): Server => ({ address, masterKey: adminKey });

/** A counter of Miroir's own metrics. */
async function counter(cluster: Server, name: string): Promise<number> {
  const { text } = await send(asAdmin(cluster), { method: 'GET', path: '/_miroir/metrics' });
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

async function counters(cluster: Server) {
  const [moved, least] = await Promise.all(
    ['moved', 'minimum'].map((name) => counter(cluster, `miroir_rebalance_documents_${name}_total`)),
  );
  return { moved: moved ?? Number.NaN, least: least ?? Number.NaN };
}

/** Asks for a change and resolves once nothing moves any more. */
async function carryOut(cluster: Server, [method, path, body]: Change['request']): Promise<void> {
  await sendJson(asAdmin(cluster), method, `/_miroir${path}`, body);
  for (;;) {
    const { state } = await sendJson<AdminRebalance>(asAdmin(cluster), 'GET', '/_miroir/rebalance/status');
    if (state === 'idle') return;
    await sleep(pollMs);
  }
}

interface Change {
  change: string;
  request: readonly [RawRequest['method'], string, unknown?];
  /** The share of all documents that an even spread would have to move. */
  even: number;
}

/** Searches before a change and while it is carried out, from copies that many clients ask. */
async function measure(cluster: Cluster, { change, request, even }: Change, size: MovesSize): Promise<MoveResult> {
  const corpus = products(size.documents);
  const searches = workload(corpus, 'cheap', 6).map((body) => searchOf(corpus.uid, body));
  const before = await runLoad(cluster, searches, clients, { milliseconds: size.calmMs });
  const counted = await counters(cluster);
  const started = performance.now();
  let seconds: number | null = null;
  const [during] = await Promise.all([
    runLoad(cluster, searches, clients, { while: () => seconds === null }),
    carryOut(cluster, request).finally(() => {
      seconds = (performance.now() - started) / 1_000;
    }),
  ]);
  const { moved, least } = await counters(cluster);
  return {
    change,
    moved: moved - counted.moved,
    least: least - counted.least,
    even: even * size.documents,
    seconds: seconds ?? Number.NaN,
    before,
    during,
  };
}

/** A node joins, hands everything over again, and the number of copies doubles, all under searches. */
export async function moves(size: MovesSize): Promise<MoveResult[]> {
  const folder = await temporaryFolder('bench-moves');
  const cluster = await startCluster({ nodes: 3, shards: 64, miroir: 'child' });
  const spare = await startGuardedNode('node-3', folder.path, nodeMasterKey);
  try {
    await loadCorpus(cluster, products(size.documents));
    const joining = { id: spare.id, address: spare.address };
    const changes: Change[] = [
      { change: 'a fourth node joins', request: ['POST', '/nodes', joining], even: 1 / 4 },
      { change: 'one of four is drained', request: ['POST', '/nodes/node-0/drain'], even: 1 / 4 },
      { change: 'it is used again', request: ['POST', '/nodes/node-0/activate'], even: 1 / 4 },
      { change: 'one copy becomes two', request: ['PUT', '/replication-factor', { replicationFactor: 2 }], even: 1 },
    ];
    const results: MoveResult[] = [];
    for (const change of changes) results.push(await measure(cluster, change, size));
    return results;
  } finally {
    await spare.stop('SIGKILL');
    await cluster.stop();
    await folder.remove();
  }
}

/** The figures as a table. */
export function movesTable(results: readonly MoveResult[], documents: number): string {
  const rows = results.map(({ change, moved, least, even, seconds, before, during }) => [
    change,
    String(moved),
    ratio(moved, least),
    ratio(moved, even),
    number(seconds),
    number(moved / seconds),
    number(before.p99),
    `${number(during.p99)} (${ratio(during.p99, before.p99)})`,
    `${during.errors} of ${during.requests}`,
  ]);
  const header = [
    '',
    'documents moved',
    'against the copies to be made',
    'against an even spread',
    'seconds',
    'documents/s',
    'search p99 before, ms',
    'during, ms',
    'failed searches',
  ];
  return table(`Moving copies of an index of ${documents} documents`, header, rows);
}
