import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCtlProgram } from '../../../src/ctl/program.ts';
import type { AdminReshard } from '../../../src/placement/admin-types.ts';
import { capturePrinted, type Printed } from './printed.ts';

const filling: AdminReshard = {
  index: 'movies',
  state: 'filling',
  step: 'copying',
  shards: 4,
  otherShards: 16,
  rollback: false,
  documents: { done: 10, total: 40 },
  copied: 9,
  deleted: 0,
  documentsPerSecond: 5,
  secondsLeft: 6,
  startedAt: '2026-01-01T00:00:00Z',
  keptUntil: null,
  error: null,
};
const kept: AdminReshard = {
  ...filling,
  state: 'kept',
  step: null,
  shards: 16,
  otherShards: 4,
  keptUntil: '2026-01-03T00:00:00Z',
};
const dropping: AdminReshard = { ...filling, state: 'dropping', step: null };
const idle: AdminReshard = { ...filling, state: 'idle', step: null, otherShards: null };

let server: Server;
let asked: { line: string; body: unknown }[];
/** Answers, one after the other; the last one stays. */
let statuses: AdminReshard[];
let printed: Printed;

beforeEach(async () => {
  asked = [];
  statuses = [filling];
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    asked.push({ line: `${request.method} ${request.url}`, body: text === '' ? null : JSON.parse(text) });
    response.writeHead(request.method === 'GET' ? 200 : 202, { 'content-type': 'application/json' });
    response.end(JSON.stringify(statuses.length > 1 ? statuses.shift() : statuses[0]));
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
  await createCtlProgram().parseAsync(['node', 'miroir-ctl', 'reshard', ...args]);
  return Number(process.exitCode ?? 0);
}

test('begins with and without the word, and says where to look', async () => {
  expect(await ctl('movies', '--shards', '16')).toBe(0);
  expect(asked).toEqual([{ line: 'POST /_miroir/indexes/movies/reshard', body: { shards: 16 } }]);
  expect(printed.stdout).toContain(
    'movies: 4 shards, on the way to 16: copying; see miroir-ctl reshard status movies --watch',
  );
  await ctl('start', 'status', '--shards', '3');
  expect(asked[1]).toEqual({ line: 'POST /_miroir/indexes/status/reshard', body: { shards: 3 } });
});

test('watches until the new layout serves', async () => {
  statuses = [filling, filling, { ...filling, error: 'node b is down' }, kept];
  expect(await ctl('movies', '--shards', '16', '--watch')).toBe(0);
  expect(printed.stderr).toContain('copying');
  expect(printed.stdout).toContain('movies: 16 shards; the layout with 4 is kept until 2026-01-03T00:00:00Z');
});

test('watching a resharding that is given up fails', async () => {
  statuses = [filling, dropping];
  expect(await ctl('status', 'movies', '--watch')).toBe(5);
  expect(printed.stdout).toContain('the layout with 16 is being deleted');
});

test('tells the status, its error, and that there is none', async () => {
  statuses = [{ ...filling, error: 'node b is down' }];
  expect(await ctl('status', 'movies')).toBe(0);
  expect(printed.stdout).toContain('! node b is down; it is tried again');
  statuses = [idle];
  await ctl('status', 'movies');
  expect(printed.stdout).toContain('movies: 4 shards, no resharding');
});

test('turns a resharding', async () => {
  statuses = [{ ...filling, rollback: true }];
  await ctl('rollback', 'movies');
  expect(printed.stdout).toContain('going back to 16');
  statuses = [dropping];
  await ctl('abort', 'movies');
  await ctl('finish', 'movies');
  expect(asked.map(({ line }) => line)).toEqual([
    'POST /_miroir/indexes/movies/reshard/rollback',
    'DELETE /_miroir/indexes/movies/reshard',
    'POST /_miroir/indexes/movies/reshard/finish',
  ]);
});
