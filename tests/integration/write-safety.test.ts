import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.ts';
import { type CutProxy, startCutProxy } from '../support/cut-proxy.ts';
import { type Server, send, sendJson, type TaskView, waitForTask, write } from '../support/http.ts';
import { temporaryFolder } from '../support/processes.ts';

/** What a client can rely on when it writes, against real nodes. */
const undo: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const quick = { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 };

async function start(options: ClusterOptions): Promise<Cluster> {
  const cluster = await startCluster({ shards: 4, ...options, config: { health: quick, ...options.config } });
  undo.push(() => cluster.stop());
  return cluster;
}

const post = (server: Server, body: string, headers: Record<string, string> = {}) =>
  send(server, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body, headers });
const uidOf = (answer: { text: string }) => (JSON.parse(answer.text) as { taskUid: number }).taskUid;
const staleCopies = async (server: Server) => {
  const headers = { 'x-admin-key': 'the-admin-key-for-tests' };
  const { text } = await send(server, { method: 'GET', path: '/_miroir/topology', headers });
  const { groups } = JSON.parse(text) as { groups: { nodes: { staleCopies: unknown[] }[] }[] };
  return groups.flatMap(({ nodes }) => nodes.flatMap((node) => node.staleCopies));
};

/** Two copies of an index with one document, on nodes whose connections can be cut. */
async function startBehindProxies(): Promise<{ cluster: Cluster; proxies: CutProxy[] }> {
  const proxies: CutProxy[] = [];
  const cluster = await start({
    nodes: 2,
    replicationFactor: 2,
    async front(node) {
      const proxy = await startCutProxy(node.address);
      undo.unshift(() => proxy.close());
      proxies.push(proxy);
      return proxy.address;
    },
  });
  await write(cluster, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body: '[{"id":0}]' });
  return { cluster, proxies };
}

describe('a lost answer', () => {
  test('leaves one task on the node and no stale copy, whatever was cut off', async () => {
    const { cluster, proxies } = await startBehindProxies();
    const cuts: [RegExp, () => Promise<{ status: number; text: string }>][] = [
      [/^POST .*documents/, () => post(cluster, '[{"id":1,"n":1},{"id":2,"n":1}]')],
      [/^PATCH .*settings/, () => send(cluster, patchSettings)],
      [
        /^POST .*delete-batch/,
        () => send(cluster, { method: 'POST', path: '/indexes/p/documents/delete-batch', body: '[2]' }),
      ],
    ];
    for (const [line, request] of cuts) {
      proxies[1]?.cutNext(1, line);
      const answer = await request();
      expect(answer.status).toBe(202);
      expect((await waitForTask(cluster, uidOf(answer))).status).toBe('succeeded');
    }
    expect(await staleCopies(cluster)).toEqual([]);
    const tasks = await Promise.all(cluster.nodes.map((node) => nodeTasks(node.address)));
    expect(tasks[1]).toEqual(tasks[0]);
    const stats = await sendJson<{ numberOfDocuments: number }>(cluster, 'GET', '/indexes/p/stats');
    expect(stats.numberOfDocuments).toBe(2);
  });

  test('of a large batch, or a connection cut while it is sent, leaves one whole batch on each node', async () => {
    const { cluster, proxies } = await startBehindProxies();
    const batch = (version: number) =>
      JSON.stringify(Array.from({ length: 400 }, (_, id) => ({ id, version, text: `${id}é `.repeat(700) })));
    const cuts: (() => void)[] = [
      () => proxies[1]?.cutUpload(1_000_000, /^POST .*documents/),
      () => proxies[1]?.cutNext(1, /^POST .*documents/),
    ];
    for (const [version, cut] of cuts.entries()) {
      cut();
      const answer = await post(cluster, batch(version));
      expect([answer.status, proxies[1]?.cuts]).toEqual([202, version + 1]);
      expect((await waitForTask(cluster, uidOf(answer))).status).toBe('succeeded');
      for (const { address } of cluster.nodes) {
        const node = { address, masterKey: 'the-nodes-own-master-key' };
        const { results } = await sendJson<{ results: { uid: string }[] }>(node, 'GET', '/indexes');
        const path = `/indexes/${results[0]?.uid}/documents?limit=1000&fields=version,text`;
        const stored = await sendJson<{ results: { version: number; text: string }[] }>(node, 'GET', path);
        expect(stored.results.map((one) => one.version)).toEqual(Array(400).fill(version));
        expect(new Set(stored.results.map(({ text }) => text)).size).toBe(400);
      }
    }
    expect(await staleCopies(cluster)).toEqual([]);
    const tasks = await Promise.all(cluster.nodes.map((node) => nodeTasks(node.address)));
    expect(tasks[1]).toEqual(tasks[0]);
  });
});

const patchSettings = {
  method: 'PATCH',
  path: '/indexes/p/settings',
  body: '{"filterableAttributes":["n"]}',
} as const;

async function nodeTasks(address: string): Promise<string[]> {
  const node = { address, masterKey: 'the-nodes-own-master-key' };
  const { results } = await sendJson<{ results: TaskView[] }>(node, 'GET', '/tasks?limit=100');
  return results.map(({ type, status }) => `${type} ${status}`);
}

describe('a node that hangs', () => {
  test('holds up the first write for as long as probes take, and later ones not at all', async () => {
    const cluster = await start({
      nodes: 2,
      replicationFactor: 2,
      // a probe waits long enough for the other node to answer on a machine that is busy: it must not count as hung, too
      config: {
        write: { timeout: '10m', probe_after: '200ms' },
        health: { ...quick, timeout: '10s', down_after: 1 },
      },
    });
    await write(cluster, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body: '[{"id":0}]' });
    const hung = cluster.nodes[1]?.pid ?? -1;
    process.kill(hung, 'SIGSTOP');
    undo.push(() => process.kill(hung, 'SIGCONT'));
    for (let id = 1; id < 6; id++) {
      const answer = await post(cluster, `[{"id":${id}}]`);
      expect(answer.status).toBe(202);
      expect(answer.headers['x-miroir-degraded']).toMatch(/^groups=0;shards=/);
      expect((await waitForTask(cluster, uidOf(answer))).status).toBe('succeeded');
    }
    expect((await sendJson<{ total: number }>(cluster, 'GET', '/indexes/p/documents')).total).toBe(6);
  });
});

describe('an idempotency key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  test('makes one task of a request sent twice, on every route, also after a kill of Miroir', async () => {
    const cluster = await start({ nodes: 1, miroir: 'child' });
    const requests: Parameters<typeof send>[1][] = [
      { method: 'POST', path: '/indexes', body: '{"uid":"p","primaryKey":"id"}' },
      { method: 'POST', path: '/indexes/p/documents', body: '[{"id":1}]' },
      { method: 'PUT', path: '/indexes/p/documents', body: '[{"id":1}]' },
      { method: 'POST', path: '/indexes/p/documents/delete-batch', body: '[7]' },
      { method: 'DELETE', path: '/indexes/p/documents/7' },
      { method: 'PATCH', path: '/indexes/p/settings', body: '{"stopWords":["a"]}' },
      { method: 'DELETE', path: '/indexes/p/settings/stop-words' },
      { method: 'POST', path: '/tasks/cancel?statuses=canceled' },
      { method: 'POST', path: '/dumps' },
      { method: 'DELETE', path: '/indexes/p' },
    ];
    const sendAll = () =>
      Promise.all(requests.map((request, i) => send(cluster, { ...request, headers: key(`k${i}`) })));
    const first = [];
    for (const [i, request] of requests.entries())
      first.push(await send(cluster, { ...request, headers: key(`k${i}`) }));
    expect(first.map(uidOf)).toEqual(requests.map((_, i) => i));
    const second = await sendAll();
    expect(second.map(({ status, text }) => [status, text])).toEqual(first.map(({ status, text }) => [status, text]));
    expect(second.every(({ headers }) => headers['x-miroir-replayed'] === 'true')).toBe(true);
    await cluster.process?.stop('SIGKILL');
    await cluster.process?.restart();
    expect((await sendAll()).map(({ text }) => text)).toEqual(first.map(({ text }) => text));
    expect((await sendJson<{ total: number }>(cluster, 'GET', '/tasks')).total).toBe(requests.length);
  });

  test('belongs to one request by one caller, and has bounds', async () => {
    const cluster = await start({ nodes: 1 });
    const first = await post(cluster, '[{"id":1}]', key('k'));
    expect(first.status).toBe(202);
    const other = await sendJson<{ key: string }>(cluster, 'POST', '/keys', {
      actions: ['*'],
      indexes: ['*'],
      expiresAt: null,
    });
    const reused = [
      await post(cluster, '[{"id":2}]', key('k')),
      await send(cluster, {
        method: 'PUT',
        path: '/indexes/p/documents?primaryKey=id',
        body: '[{"id":1}]',
        headers: key('k'),
      }),
      await send(cluster, { method: 'POST', path: '/indexes/p/documents', body: '[{"id":1}]', headers: key('k') }),
      await post(cluster, '[{"id":1}]', { ...key('k'), authorization: `Bearer ${other.key}` }),
    ];
    for (const answer of reused) {
      expect(answer.status).toBe(409);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'miroir_idempotency_key_reused', type: 'invalid_request' });
    }
    const long = await post(cluster, '[{"id":1}]', key('x'.repeat(256)));
    expect([long.status, (JSON.parse(long.text) as { code: string }).code]).toEqual([400, 'miroir_invalid_header']);
    // a refused request has not used its key
    expect((await post(cluster, '[{"id":', key('fresh'))).status).toBe(400);
    expect((await post(cluster, '[{"id":3}]', key('fresh'))).status).toBe(202);
    expect((await sendJson<{ total: number }>(cluster, 'GET', '/tasks')).total).toBe(2);
  });
});

describe('a session', () => {
  const session = { 'x-miroir-session': 'user-42' };
  const reads: Parameters<typeof send>[1][] = [
    { method: 'POST', path: '/indexes/p/search', body: '{"q":"fresh"}' },
    { method: 'GET', path: '/indexes/p/search?q=fresh' },
    { method: 'POST', path: '/multi-search', body: '{"queries":[{"indexUid":"p","q":"fresh"}]}' },
    { method: 'GET', path: '/indexes/p/documents' },
    { method: 'POST', path: '/indexes/p/documents/fetch', body: '{}' },
    { method: 'GET', path: '/indexes/p/documents/1' },
    { method: 'GET', path: '/indexes/p/stats' },
    { method: 'GET', path: '/stats' },
  ];

  test('reads what it has written, at once and on every route', async () => {
    const cluster = await start({ nodes: 2, replicationFactor: 2, config: { sessions: { max_wait: '1m' } } });
    for (const [i, read] of reads.entries()) {
      const title = `fresh-${i}`;
      const written = await post(cluster, `[{"id":1,"title":"${title} fresh","field${i}":1}]`, session);
      expect(written.status).toBe(202);
      const answer = await send(cluster, { ...read, headers: session });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain(read.path.includes('stats') ? `"field${i}":1` : title);
      expect(answer.headers['x-miroir-degraded']).toBeUndefined();
    }
  });

  test('is told when a write takes too long to be waited for', async () => {
    const cluster = await start({ nodes: 1, config: { sessions: { max_wait: '50ms' } } });
    await write(cluster, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body: '[{"id":1}]' });
    const node = cluster.nodes[0];
    const many = Array.from({ length: 20_000 }, (_, id) => `{"id":${id},"t":"${'word '.repeat(20)}${id}"}`);
    const uid = uidOf(await post(cluster, `[${many.join(',')}]`, session));
    const answer = await send(cluster, { method: 'GET', path: '/indexes/p/documents', headers: session });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-miroir-degraded']).toBe(`task=${uid}`);
    const plain = await send(cluster, { method: 'GET', path: '/indexes/p/documents' });
    expect(plain.headers['x-miroir-degraded']).toBeUndefined();
    expect(node).toBeDefined();
  });
});

/** A small disk, if this machine lets tests have one. */
function mountDisk(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path], { stdio: 'ignore' });
    undo.push(() => execFileSync('umount', ['--lazy', path]));
    return true;
  } catch {
    return false;
  }
}

describe('a full disk under the store', () => {
  test('refuses writes, leaves searches alone, and is over when there is room again', async (context) => {
    const folder = await temporaryFolder('disk');
    undo.push(folder.remove);
    if (!mountDisk(folder.path)) return context.skip('needs the right to mount a small disk');
    const cluster = await start({ nodes: 1, config: { store: { path: join(folder.path, 'miroir.db') } } });
    await write(cluster, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body: '[{"id":0}]' });

    const ballast = join(folder.path, 'ballast');
    const { bavail, bsize } = statfsSync(folder.path);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    const acknowledged: number[] = [];
    let refused = 0;
    for (let id = 1; id < 60; id++) {
      const answer = await post(cluster, `[{"id":${id},"filler":"${'x'.repeat(30_000)}"}]`);
      if (answer.status === 202) acknowledged.push(id);
      else {
        refused++;
        expect(answer.status).toBe(503);
        expect(JSON.parse(answer.text)).toMatchObject({ code: 'miroir_store_unavailable' });
        expect(answer.headers['retry-after']).toBeDefined();
      }
      const found = await send(cluster, { method: 'POST', path: '/indexes/p/search', body: '{"filter":null}' });
      expect(found.status).toBe(200);
    }
    expect(refused).toBeGreaterThan(0);
    rmSync(ballast);
    const after = uidOf(await post(cluster, '[{"id":1000}]'));
    expect((await waitForTask(cluster, after)).status).toBe('succeeded');
    const { results } = await sendJson<{ results: TaskView[] }>(cluster, 'GET', '/tasks?limit=1000&reverse=true');
    expect(results.map(({ uid }) => uid)).toEqual(results.map((_, uid) => uid));
    for (const id of acknowledged) {
      expect((await send(cluster, { method: 'GET', path: `/indexes/p/documents/${id}` })).status).toBe(200);
    }
  });
});

describe('a flood of large bodies', () => {
  test('is shed with 503 and never takes more memory than allowed', async () => {
    const limit = 400 * 2 ** 20;
    const cluster = await start({ nodes: 2, replicationFactor: 2, miroir: 'child', config: memoryConfig });
    await write(cluster, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body: '[{"id":0}]' });
    const text = 'some words to be indexed '.repeat(40);
    const documents = Array.from({ length: 8_000 }, (_, id) => `{"id":${id},"text":"${text}"}`);
    const body = `[${documents.join(',')}]`;
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(cluster, body).catch(() => null)));
    const statuses = answers.map((answer) => answer?.status ?? 0);
    expect(statuses.filter((status) => status === 202).length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0);
    const shed = answers.find((answer) => answer?.status === 503);
    expect(JSON.parse(shed?.text ?? '{}')).toMatchObject({ code: 'miroir_overloaded' });
    expect(shed?.headers['retry-after']).toBe('1');
    const peak = peakBytes(cluster.process?.pid ?? -1);
    expect(peak).toBeLessThan(limit);
    for (let tries = 0; ; tries++) {
      const answer = await post(cluster, body);
      if (answer.status === 202) break;
      expect(tries).toBeLessThan(30);
      await sleep(300);
    }
  }, 180_000);
});

const memoryConfig = { server: { memory_limit: '400MiB' } };

/** The most memory that a process has had resident. */
function peakBytes(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1_024;
}
