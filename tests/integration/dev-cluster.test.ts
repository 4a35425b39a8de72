import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeClient } from '../../src/nodes/client.ts';
import { type DevCluster, type DevClusterOptions, runningNodes, startDevCluster } from '../../src/nodes/dev-cluster.ts';
import { readDevState, writeDevState } from '../../src/nodes/dev-state.ts';
import { createHealth, type Health } from '../../src/nodes/health.ts';
import { freePort, startLocalNode } from '../../src/nodes/local.ts';
import { checkNodes } from '../../src/nodes/preflight.ts';
import { processCommand } from '../../src/nodes/processes.ts';
import { temporaryFolder } from '../support/processes.ts';

const layout = { nodes: 2, groups: 2, replicationFactor: 1, shards: 8 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const undo: (() => Promise<unknown> | unknown)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('dev');
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await folder.remove();
});

async function start(options: Partial<DevClusterOptions> = {}): Promise<DevCluster> {
  const cluster = await startDevCluster({ directory: folder.path, layout, ...options });
  undo.push(() => cluster.stop());
  return cluster;
}

async function occupy(port: number): Promise<void> {
  const server: Server = createServer();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  undo.push(() => new Promise((done) => server.close(done)));
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}

function pids(): number[] {
  return runningNodes(folder.path).map(({ pid }) => pid);
}

async function call(cluster: DevCluster, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${cluster.nodeMasterKey}`, 'content-type': 'application/json' };
  return fetch(`${cluster.nodes[0]?.address}${path}`, { ...init, headers });
}

describe('a development cluster', () => {
  it('keeps data, addresses and keys from run to run, and leaves no process behind', async () => {
    const first = await start();
    expect(first.nodes.map(({ id, group }) => [id, group])).toEqual([
      ['meili-0', 0],
      ['meili-1', 1],
    ]);
    await call(first, '/indexes', { method: 'POST', body: '{"uid":"kept"}' });
    await expect.poll(async () => (await call(first, '/indexes/kept')).status).toBe(200);
    const running = pids();
    expect(running).toHaveLength(2);
    await first.stop();
    expect(running.map(processCommand)).toEqual([null, null]);

    const second = await start();
    expect(second.nodes).toEqual(first.nodes);
    expect([second.masterKey, second.nodeMasterKey]).toEqual([first.masterKey, first.nodeMasterKey]);
    expect((await call(second, '/indexes/kept')).status).toBe(200);
  });

  it('takes another port when the old one is in use', async () => {
    const first = await start();
    await first.stop();
    await occupy(portOf(first.nodes[0]?.address ?? ''));
    const second = await start();
    expect(second.nodes[0]?.address).not.toBe(first.nodes[0]?.address);
    expect(second.nodes[1]?.address).toBe(first.nodes[1]?.address);
  });

  it('ends nodes that a killed run left behind', async () => {
    const first = await start();
    const state = readDevState(folder.path);
    if (state === null) throw new Error('no state was kept');
    // as after a SIGKILL of Miroir: its process is gone, its nodes are not
    writeDevState(folder.path, { ...state, owner: { pid: 2 ** 22 + 1, command: 'gone' } });
    const orphans = pids();
    const second = await start();
    expect(second.nodes).toEqual(first.nodes);
    expect(orphans.map(processCommand)).toEqual([null, null]);
  });

  it('refuses a folder in use, and one that was made with other numbers', async () => {
    const cluster = await start();
    const state = readDevState(folder.path);
    const parent = { pid: process.ppid, command: processCommand(process.ppid) ?? '' };
    if (state !== null) writeDevState(folder.path, { ...state, owner: parent });
    await expect(start()).rejects.toThrow(`another miroir dev (process ${process.ppid}) runs in ${folder.path}`);
    await cluster.stop();
    await expect(start({ layout: { ...layout, shards: 9 } })).rejects.toThrow(
      '--nodes 2 --groups 2 --replication-factor 1',
    );
  });

  it('refuses numbers that do not fit together', async () => {
    await expect(start({ layout: { ...layout, nodes: 3 } })).rejects.toThrow(
      '3 nodes cannot be spread evenly over 2 groups',
    );
    await expect(start({ layout: { ...layout, replicationFactor: 2 } })).rejects.toThrow('group of 1 node');
  });

  it('leaves nothing running when one node cannot start, or when the start is given up', async () => {
    const first = await start();
    await first.stop();
    const port = portOf(first.nodes[0]?.address ?? '');
    await rm(`${folder.path}/nodes/meili-1/data.ms`, { recursive: true });
    await writeFile(`${folder.path}/nodes/meili-1/data.ms`, 'no database');
    await expect(start()).rejects.toThrow('meilisearch.log');
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();

    const controller = new AbortController();
    const pending = startDevCluster({ directory: `${folder.path}/other`, layout, signal: controller.signal });
    controller.abort(new Error('given up'));
    await expect(pending).rejects.toThrow('given up');
    expect(readDevState(`${folder.path}/other`)?.owner).toBeNull();
  });
});

describe('real nodes', () => {
  let health: Health | undefined;
  afterEach(() => health?.stop());

  it('are seen going down, coming back, and refusing a wrong key', async () => {
    const node = await startLocalNode({ id: 'n', directory: `${folder.path}/n`, masterKey: 'the-right-key-of-it' });
    undo.push(() => node.stop());
    const clientWith = (apiKey: string) => {
      const client = createNodeClient({
        id: 'n',
        address: node.address,
        apiKey,
        timeoutMs: 2_000,
        onOutcome: (outcome) => health?.observe(outcome),
      });
      undo.push(() => client.close());
      return client;
    };
    const client = clientWith('the-right-key-of-it');
    const patience = { timeout: 1_000, suspectAfter: 500, downAfter: 3, upAfter: 2, backoff: 500, maxBackoff: 1_000 };
    const options = { interval: 100, ...patience };
    health = createHealth({ clients: [client], ...options });
    await health.start();
    expect(health.describe('n')).toMatchObject({ state: 'up', version: '1.21.0' });
    await node.stop('SIGKILL');
    await client.request({ method: 'GET', path: '/health' }).catch(() => undefined);
    await expect.poll(() => health?.up('n')).toBe(false);
    await node.restart();
    await expect.poll(() => health?.up('n'), { timeout: 5_000 }).toBe(true);
    health.stop();

    health = createHealth({ clients: [clientWith('a-wrong-key-for-it')], ...options });
    await health.start();
    expect(health.describe('n')).toMatchObject({
      state: 'down',
      lastError: expect.stringContaining('node_master_key'),
    });
  });

  it('are sorted before the start into reachable, refusing and unreachable', async () => {
    const node = await startLocalNode({ id: 'n', directory: `${folder.path}/n`, masterKey: 'the-right-key-of-it' });
    undo.push(() => node.stop());
    const nodes = [
      { id: 'here', address: node.address },
      { id: 'gone', address: `http://127.0.0.1:${await freePort()}` },
    ];
    const common = { nodes, timeoutMs: 1_000, patienceMs: 0 };
    const right = await checkNodes({ ...common, apiKey: 'the-right-key-of-it' });
    expect([right.reachable, right.refusing, right.unreachable.map(({ id }) => id)]).toEqual([['here'], [], ['gone']]);
    const wrong = await checkNodes({ ...common, apiKey: 'a-wrong-key-for-it' });
    expect([wrong.reachable, wrong.refusing.map(({ id }) => id)]).toEqual([[], ['here']]);
  });
});
