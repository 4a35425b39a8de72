import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminKey, type Cluster, startCluster } from '../support/cluster.ts';
import { send, sendJson, waitForTask, write } from '../support/http.ts';
import { childrenOf, isRunning } from '../support/processes.ts';

/** Several processes on one port: what one of them was told, all of them know. Runs what `npm run build` made. */
const built = existsSync(join(import.meta.dirname, '../../dist/main.js'));
const workers = 3;
const maxBodyBytes = 16 * 2 ** 20;

let cluster: Cluster;

/** Ask over as many new connections, so that every worker is among those asked. */
async function askAll(path: string, options: { body?: unknown; key?: string; headers?: Record<string, string> } = {}) {
  const agent = new Agent({ connections: 12, pipelining: 1 });
  const { body, key = cluster.masterKey, headers } = options;
  const one = async () => {
    const answer = await request(cluster.address + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      dispatcher: agent,
    });
    return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as never };
  };
  const answers = await Promise.all(Array.from({ length: 12 }, one));
  await agent.close();
  return answers as { status: number; headers: Record<string, string>; body: Record<string, unknown> }[];
}

const workerPids = () => childrenOf(cluster.process!.pid);

async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await check()); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`);
  }
}

/** A server on a port; null when somebody else has it. */
function listen(port: number, host: string): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null)).listen({ port, host }, () => resolve(server));
  });
}

const metric = async (name: string) => {
  const { text } = await send(cluster, {
    method: 'GET',
    path: '/_miroir/metrics',
    headers: { authorization: `Bearer ${adminKey}` },
  });
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

describe.runIf(built)('several processes on one port', { timeout: 180_000 }, () => {
  beforeAll(async () => {
    cluster = await startCluster({
      nodes: 3,
      replicationFactor: 2,
      shards: 8,
      miroir: 'child',
      config: {
        health: { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 },
        server: { workers, max_body_bytes: '16MiB' },
        // a node may take long on a machine that is busy
        sessions: { max_wait: '1m' },
      },
    });
    await write(cluster, { method: 'POST', path: '/indexes', body: '{"uid":"p","primaryKey":"id"}' });
  });
  afterAll(() => cluster?.stop());

  test('all know of a write once its task has ended', async () => {
    for (let round = 1; round <= 12; round++) {
      const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'POST', '/indexes/p/documents', [
        { id: 1, word: `round${round}` },
        { id: 1_000 + round, word: 'kept' },
      ]);
      expect((await waitForTask(cluster, taskUid)).status).toBe('succeeded');
      const found = await askAll('/indexes/p/search', { body: { q: 'kept', limit: 100 } });
      expect(found.map(({ body }) => body.estimatedTotalHits)).toEqual(found.map(() => round));
      const read = await askAll('/indexes/p/documents/1');
      expect(read.map(({ body }) => body.word)).toEqual(read.map(() => `round${round}`));
    }
  });

  test('all know of new and deleted indexes, settings and features at once', async () => {
    for (let round = 0; round < 5; round++) {
      await write(cluster, {
        method: 'POST',
        path: '/indexes/other/documents?primaryKey=id',
        body: '[{"id":1,"n":2}]',
      });
      const filtered = { filter: 'n = 2' };
      const refused = await askAll('/indexes/other/search', { body: filtered });
      expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['invalid_search_filter']));
      await write(cluster, {
        method: 'PATCH',
        path: '/indexes/other/settings',
        body: '{"filterableAttributes":["n"]}',
      });
      const found = await askAll('/indexes/other/search', { body: filtered });
      expect(new Set(found.map(({ status }) => status))).toEqual(new Set([200]));
      await write(cluster, { method: 'DELETE', path: '/indexes/other' });
      const gone = await askAll('/indexes/other/search', { body: {} });
      expect(new Set(gone.map(({ body }) => body.code))).toEqual(new Set(['index_not_found']));
    }
  });

  test('all take a new key, and none a deleted one', async () => {
    for (let round = 0; round < 5; round++) {
      const made = await sendJson<{ key: string; uid: string }>(cluster, 'POST', '/keys', {
        actions: ['search'],
        indexes: ['p'],
        expiresAt: null,
      });
      const taken = await askAll('/indexes/p/search', { body: {}, key: made.key });
      expect(new Set(taken.map(({ status }) => status))).toEqual(new Set([200]));
      await send(cluster, { method: 'DELETE', path: `/keys/${made.uid}` });
      const refused = await askAll('/indexes/p/search', { body: {}, key: made.key });
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([403]));
    }
  });

  test('a session reads what it wrote', async () => {
    const session = { 'x-miroir-session': 'one-client' };
    for (let round = 0; round < 10; round++) {
      const written = await send(cluster, {
        method: 'PUT',
        path: '/indexes/p/documents',
        headers: session,
        body: JSON.stringify([{ id: 2, seen: round }]),
      });
      expect([written.status, written.text]).toEqual([202, expect.any(String)]);
      const read = await askAll('/indexes/p/documents/2', { headers: session });
      expect(new Set(read.map(({ body }) => body.seen))).toEqual(new Set([round]));
    }
  });

  test('bodies are passed on as they are, and limits hold for them', async () => {
    const words = Array.from({ length: 200 }, (_, i) => ({ id: 5_000 + i, text: randomBytes(2_000).toString('hex') }));
    const body = gzipSync(JSON.stringify(words));
    await write(cluster, {
      method: 'POST',
      path: '/indexes/p/documents',
      body,
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    });
    const read = await askAll('/indexes/p/documents/5007');
    expect(new Set(read.map(({ body: document }) => document.text))).toEqual(new Set([words[7]?.text]));
    const tooLarge = await send(cluster, {
      method: 'POST',
      path: '/indexes/p/documents',
      body: Buffer.alloc(maxBodyBytes + 1, ' '),
    });
    expect([tooLarge.status, JSON.parse(tooLarge.text).code]).toEqual([413, 'payload_too_large']);
    // answered before the body was read
    const refused = await send(cluster, {
      method: 'POST',
      path: '/indexes/p/documents',
      body: Buffer.alloc(maxBodyBytes, ' '),
      headers: { authorization: 'Bearer wrong' },
    });
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, 'invalid_api_key']);
    for (const path of ['/indexes/p/documents/delete-batch', '/indexes/p/documents/edit']) {
      expect((await send(cluster, { method: 'GET', path })).headers.allow).toBe('POST');
    }
    expect((await send(cluster, { method: 'HEAD', path: '/indexes/p/search' })).status).toBe(405);
    expect((await send(cluster, { method: 'GET', path: '/nowhere' })).status).toBe(404);
  });

  test('a client that leaves in the middle of an upload leaves nothing behind', async () => {
    const { port } = new URL(cluster.address);
    const before = (await sendJson<{ total: number }>(cluster, 'GET', '/tasks?limit=1')).total;
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    const head = `POST /indexes/p/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${cluster.masterKey}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n[{"id":1,`;
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    await eventually(async () => (await metric('miroir_requests_in_flight')) === 1, 'the upload is under way');
    socket.destroy();
    await eventually(async () => (await metric('miroir_requests_in_flight')) === 0, 'the upload has ended');
    expect((await sendJson<{ total: number }>(cluster, 'GET', '/tasks?limit=1')).total).toBe(before);
  });

  test('metrics add up what all of them did', async () => {
    const name = 'miroir_request_duration_seconds_count{method="POST",route="/indexes/:indexUid/search",status="200"}';
    const before = await metric(name);
    await askAll('/indexes/p/search', { body: {} });
    expect((await metric(name)) - before).toBe(12);
    expect(await metric('miroir_node_healthy')).toBe(3);
  });

  test('a node that dies is noticed by all, through any of them', async () => {
    const node = cluster.nodes[1]!;
    await node.stop('SIGKILL');
    for (let i = 0; i < 10; i++) {
      const found = await askAll('/indexes/p/search', { body: { q: 'kept', limit: 100 } });
      expect(found.map(({ status, headers }) => [status, headers['x-miroir-degraded']])).toEqual(
        found.map(() => [200, undefined]),
      );
    }
    await eventually(async () => (await metric('miroir_node_healthy')) === 2, 'the node counts as down');
    await node.restart();
    await eventually(async () => (await metric('miroir_node_healthy')) === 3, 'the node is used again');
  });

  test('one that dies or hangs is replaced', async () => {
    const read = await metric('miroir_request_duration_seconds_count{method="GET"');
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      const [victim] = workerPids();
      process.kill(victim!, signal);
      await eventually(
        () => !workerPids().includes(victim!) && workerPids().length === workers,
        `the worker is replaced after ${signal}`,
      );
      const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'POST', '/indexes/p/documents', [
        { id: 3, signal },
      ]);
      await waitForTask(cluster, taskUid);
      const found = await askAll('/indexes/p/documents/3');
      expect(new Set(found.map(({ body }) => body.signal))).toEqual(new Set([signal]));
    }
    expect(await metric('miroir_worker_restarts_total')).toBe(2);
    expect(await metric('miroir_request_duration_seconds_count{method="GET"')).toBeGreaterThanOrEqual(read);
  });

  test('those that find their port taken try again until it is free', async () => {
    const { port, hostname } = new URL(cluster.address);
    const log = join(cluster.folder, 'miroir.log');
    let intruder: Server | null = null;
    await eventually(async () => {
      // also those that were started since
      for (const victim of workerPids()) process.kill(victim, 'SIGKILL');
      intruder = await listen(Number(port), hostname);
      return intruder !== null;
    }, 'somebody else has the port');
    try {
      await eventually(() => readFileSync(log, 'utf8').includes('EADDRINUSE'), 'the log says why no worker serves');
    } finally {
      await new Promise((resolve) => intruder?.close(resolve));
    }
    await eventually(async () => {
      const answer = await fetch(`${cluster.address}/health`).catch(() => null);
      return answer?.ok === true && workerPids().length === workers;
    }, 'the workers serve again');
    const found = await askAll('/indexes/p/search', { body: { q: 'kept', limit: 100 } });
    expect(new Set(found.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('none outlives the main process, however it ends, and it starts again', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await eventually(() => workerPids().length === workers, 'every worker runs');
      const left = workerPids();
      await cluster.process!.stop(signal);
      await eventually(() => !left.some(isRunning), `the workers ended after ${signal}`);
      await cluster.process!.restart();
      const found = await askAll('/indexes/p/search', { body: { q: 'kept', limit: 100 } });
      expect(new Set(found.map(({ body }) => body.estimatedTotalHits))).toEqual(new Set([12]));
    }
  });
});
