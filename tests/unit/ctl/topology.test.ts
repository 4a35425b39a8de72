import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCtlProgram } from '../../../src/ctl/program.ts';
import type { AdminPlan, AdminRebalance } from '../../../src/placement/admin-types.ts';
import { capturePrinted, type Printed } from './printed.ts';

const idle: AdminRebalance = {
  state: 'idle',
  startedAt: null,
  copies: { total: 0, done: 0 },
  filling: 0,
  leaving: 0,
  cleaning: 0,
  phase: null,
  documents: { done: 0, total: 0 },
  documentsPerSecond: 0,
  secondsLeft: null,
  pace: { documentsPerSecond: 20_000, reason: 'full speed' },
  moves: [],
};
const moving: AdminRebalance = {
  state: 'moving',
  startedAt: '2026-01-01T00:00:00Z',
  copies: { total: 4, done: 1 },
  filling: 3,
  leaving: 1,
  cleaning: 2,
  phase: 'copying',
  documents: { done: 2_500, total: 10_000 },
  documentsPerSecond: 500,
  secondsLeft: 15,
  pace: { documentsPerSecond: 500, reason: 'searches are slower' },
  moves: [
    {
      index: 'movies',
      node: 'd',
      shards: [1, 5, 6],
      phase: 'comparing',
      documents: { done: 2_500, total: 8_000 },
      documentsPerSecond: 500,
      secondsLeft: 11,
      lastError: null,
    },
    {
      index: 'books',
      node: 'd',
      shards: [2],
      phase: 'waiting',
      documents: { done: 0, total: null },
      documentsPerSecond: 0,
      secondsLeft: null,
      lastError: 'node d: cannot connect',
    },
  ],
};
const plan: AdminPlan = {
  copies: 12,
  documents: 3_400,
  bytes: 5 * 2 ** 20,
  seconds: 75,
  nodes: [
    { id: 'a', gains: 0, loses: 7 },
    { id: 'd', gains: 12, loses: 0 },
  ],
  warnings: ['node d would pass disk_high_watermark; its copies wait until there is room'],
};

let server: Server;
let asked: { line: string; body: unknown }[];
/** Answers of the status route, one after the other; the last one stays. */
let statuses: AdminRebalance[];
let refusal: { message: string; code: string } | null;
let printed: Printed;

beforeEach(async () => {
  asked = [];
  statuses = [idle];
  refusal = null;
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const line = `${request.method} ${request.url}`;
    asked.push({ line, body: text === '' ? null : JSON.parse(text) });
    const next = () => (statuses.length > 1 ? statuses.shift() : statuses[0]);
    const body = line.startsWith('GET ') ? next() : line.includes('dryRun=true') ? { plan } : { rebalance: next() };
    response.writeHead(refusal === null ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refusal ?? body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('MIROIR_ADMIN_API_KEY', 'for-operators');
  vi.stubEnv('MIROIR_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  printed = capturePrinted();
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

async function ctl(...args: string[]): Promise<number> {
  process.exitCode = undefined;
  await createCtlProgram().parseAsync(['node', 'miroir-ctl', ...args]);
  return Number(process.exitCode);
}

const flags = (force: boolean, dryRun: boolean) => `?force=${force}&dryRun=${dryRun}`;
const address = 'http://10.0.0.9:7700';

describe('each verb asks for its change', () => {
  it.each([
    ['node add d http://10.0.0.9:7700', 'POST /_miroir/nodes', { id: 'd', address }],
    ['node add d http://10.0.0.9:7700 --group 2', 'POST /_miroir/nodes', { id: 'd', address, group: 2 }],
    ['node drain a', 'POST /_miroir/nodes/a/drain', null],
    ['node activate a', 'POST /_miroir/nodes/a/activate', null],
    ['node remove a', 'DELETE /_miroir/nodes/a', null],
    ['node replace a d http://10.0.0.9:7700', 'POST /_miroir/nodes/a/replace', { id: 'd', address }],
    [
      'group add d=http://10.0.0.9:7700 e=http://10.0.0.9:7700',
      'POST /_miroir/groups',
      {
        nodes: [
          { id: 'd', address },
          { id: 'e', address },
        ],
      },
    ],
    ['group remove 1', 'DELETE /_miroir/groups/1', null],
    ['replication-factor 2', 'PUT /_miroir/replication-factor', { replicationFactor: 2 }],
  ])('%s', async (words, line, body) => {
    expect(await ctl(...words.split(' '))).toBe(0);
    expect(asked).toEqual([{ line: line + flags(false, false), body }]);
    expect(printed.stdout).toBe('nothing moves\n');
  });

  it('with --force and --dry-run', async () => {
    await ctl('node', 'remove', 'a/b', '--force');
    await ctl('node', 'drain', 'a', '--dry-run');
    expect(asked.map(({ line }) => line)).toEqual([
      `DELETE /_miroir/nodes/a%2Fb${flags(true, false)}`,
      `POST /_miroir/nodes/a/drain${flags(false, true)}`,
    ]);
  });
});

describe('what is told', () => {
  it('a plan: copies, documents, bytes, time, each node, warnings', async () => {
    expect(await ctl('plan', 'add-node', 'd', address)).toBe(0);
    expect(asked[0]?.line).toBe(`POST /_miroir/nodes${flags(false, true)}`);
    expect(printed.stdout).toContain('12 copies would be made: about 3400 documents, 5 MiB, 1m 15s at least');
    expect(printed.stdout).toMatch(/^a +\+0 +-7$/m);
    expect(printed.stdout).toMatch(/^d +\+12 +-0$/m);
    expect(printed.stdout).toContain('  ! node d would pass disk_high_watermark');
    printed.stdout = '';
    await ctl('plan', 'drain-node', 'a', '--json');
    expect(JSON.parse(printed.stdout)).toEqual(plan);
  });

  it('what is under way, and where to look', async () => {
    statuses = [moving];
    await ctl('node', 'drain', 'a');
    const text = 'moving: 1 of 4 copies made, 1 copy serve until then, 2 copies to be deleted';
    expect(printed.stdout).toBe(`${text}; see miroir-ctl rebalance status --watch\n`);
    printed.stdout = '';
    await ctl('rebalance', 'status');
    expect(printed.stdout.split('\n').map((line) => line.trim())).toEqual([
      text,
      '2,500 of 10,000 documents copied, 500 per second, 15s left',
      '500 documents/s at most: searches are slower',
      'index   to  shards  phase      documents       per second  left  last error',
      'movies  d   3       comparing  2,500 of 8,000  500         11s',
      'books   d   1       waiting                                      node d: cannot connect',
      '',
    ]);
  });

  it('with --watch, until nothing moves any more', async () => {
    statuses = [moving, moving, { ...moving, state: 'paused' }, idle];
    expect(await ctl('node', 'drain', 'a', '--watch')).toBe(0);
    expect(asked).toHaveLength(4);
    expect(printed.stdout).toBe('nothing moves\n');
    expect(printed.stderr.split('\n').map((line) => line.trim())).toEqual([
      'copying  ██████░░░░░░░░░░░░░░░░░░  25%  2,500 documents of 10,000 documents  500 documents/s  15s left  500 documents/s at most: searches are slower',
      'movies to d  ███████░░░░░░░░░░░░░░░░░  31%  2,500 documents of 8,000 documents  500 documents/s  11s left  comparing',
      'books to d  0 documents  node d: cannot connect',
      '',
    ]);
  });

  it('why a change is refused', async () => {
    refusal = { message: 'Node `x` is not part of the cluster.', code: 'miroir_node_not_found' };
    expect(await ctl('node', 'drain', 'x')).toBe(5);
    expect(printed.stderr).toBe('miroir-ctl: Node `x` is not part of the cluster.\n');
  });
});

describe('rebalance pause, resume, cancel', () => {
  it.each(['pause', 'resume', 'cancel'])('%s', async (action) => {
    statuses = [{ ...moving, state: 'paused' }];
    expect(await ctl('rebalance', action)).toBe(0);
    expect(asked).toEqual([{ line: 'POST /_miroir/rebalance', body: { action } }]);
    expect(printed.stdout).toMatch(/^paused: 1 of 4 copies made/);
  });
});
