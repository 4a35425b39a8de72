import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type NodeClient, NodeError, type NodeRequest, type NodeResponse } from '../../../src/nodes/client.ts';
import { givingUpWhenDown } from '../../../src/nodes/give-up.ts';
import { createHealth, type Health, type HealthOptions } from '../../../src/nodes/health.ts';

type Behaviour = (request: NodeRequest) => NodeResponse | NodeError | Promise<NodeResponse>;

const healthy: Behaviour = ({ path }) =>
  path === '/version'
    ? { status: 200, text: '{"pkgVersion":"1.21.0"}' }
    : { status: 200, text: '{"status":"available"}' };
const refusing: Behaviour = () => new NodeError('a', 'refused', 'cannot connect (ECONNREFUSED)');
const silent: Behaviour = () => new NodeError('a', 'timeout', 'no answer in time');

function scripted(id: string, first: Behaviour) {
  const node = { behaviour: first, paths: [] as string[] };
  const client: NodeClient = {
    id,
    async request(request) {
      node.paths.push(request.path);
      const result = await node.behaviour(request);
      if (result instanceof NodeError) throw result;
      return result;
    },
    close: async () => {},
  };
  return { node, client };
}

let health: Health | undefined;
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  health?.stop();
  vi.useRealTimers();
});

function watch(clients: NodeClient[], more: Partial<HealthOptions> = {}): Health {
  const times = { interval: 5_000, timeout: 2_000, suspectAfter: 1_000, backoff: 10_000, maxBackoff: 60_000 };
  health = createHealth({ clients, ...times, downAfter: 3, upAfter: 2, ...more });
  return health;
}

describe('createHealth', () => {
  it('trusts a node before the first round and knows its version after it', async () => {
    const { client } = scripted('a', healthy);
    const watched = watch([client]);
    expect(watched.up('a')).toBe(true);
    expect(watched.up('stranger')).toBe(false);
    await watched.start();
    expect(watched.describe('a')).toEqual({
      state: 'up',
      since: new Date(1_000_000).toISOString(),
      lastError: null,
      consecutiveFailures: 0,
      until: null,
      version: '1.21.0',
    });
  });

  it('waits for the first round, and finds a node that is not there', async () => {
    const { client } = scripted('a', refusing);
    const changes: string[] = [];
    const watched = watch([client], { onChange: (id, { state }) => changes.push(`${id} ${state}`) });
    await watched.start();
    expect(watched.up('a')).toBe(false);
    expect(changes).toEqual(['a down']);
  });

  it('finds a node that does not take the key', async () => {
    const { client } = scripted('a', (request) =>
      request.path === '/version' ? { status: 403, text: '{}' } : { status: 200, text: '{}' },
    );
    const watched = watch([client]);
    await watched.start();
    expect(watched.describe('a')).toMatchObject({
      state: 'down',
      lastError: expect.stringContaining('node_master_key'),
    });
  });

  it('suspects a node after one silent probe, takes it down after three, and uses it again after two good ones', async () => {
    const { node, client } = scripted('a', healthy);
    const changes: string[] = [];
    const watched = watch([client], { onChange: (_, { state }, before) => changes.push(`${before} ${state}`) });
    await watched.start();
    node.behaviour = silent;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(watched.describe('a')).toMatchObject({ state: 'suspect', consecutiveFailures: 1 });
    expect([watched.up('a'), watched.suspect('a')]).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([watched.up('a'), watched.suspect('a')]).toEqual([false, false]);
    expect(changes).toEqual(['unknown up', 'up suspect', 'suspect down']);
    expect(watched.describe('a')).toMatchObject({
      state: 'down',
      consecutiveFailures: 3,
      lastError: 'node a: no answer in time',
    });

    node.behaviour = healthy;
    node.paths.length = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watched.up('a')).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(watched.up('a')).toBe(true);
    expect(node.paths).toContain('/version');
  });

  it('suspects a hung node long before its probe ends', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client], { interval: 1_000 });
    await watched.start();
    node.behaviour = () => new Promise(() => {});
    await vi.advanceTimersByTimeAsync(1_999);
    expect(watched.suspect('a')).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(watched.describe('a')).toMatchObject({
      state: 'suspect',
      until: new Date(1_000_000 + 4_000).toISOString(),
      lastError: 'node a: a probe was not answered for 1000 ms',
    });
  });

  it('believes a refused connection at once, and looks again within a second', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client]);
    await watched.start();
    watched.observe({ nodeId: 'a', error: new NodeError('a', 'refused', 'cannot connect') });
    expect(watched.up('a')).toBe(false);
    node.paths.length = 0;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(node.paths.filter((path) => path === '/health')).toHaveLength(2);
    expect(watched.up('a')).toBe(true);
  });

  it('asks a node at once when a request to it timed out, and does not blame it for a request given up', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client]);
    await watched.start();
    node.paths.length = 0;
    const aborted = new NodeError('a', 'aborted', 'request aborted');
    watched.observe({ nodeId: 'a', durationMs: 999, error: aborted });
    await vi.advanceTimersByTimeAsync(0);
    expect(node.paths).toEqual([]);
    watched.observe({ nodeId: 'a', durationMs: 1_000, error: aborted });
    await vi.advanceTimersByTimeAsync(0);
    expect(node.paths.splice(0)).toEqual(['/health']);
    watched.observe({ nodeId: 'a', error: new NodeError('a', 'timeout', 'no answer in time') });
    await vi.advanceTimersByTimeAsync(0);
    expect(node.paths).toEqual(['/health']);
    expect(watched.up('a')).toBe(true);
  });

  it('counts a probe once although its outcome is observed too', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client]);
    await watched.start();
    node.behaviour = () => {
      const error = new NodeError('a', 'timeout', 'no answer in time');
      watched.observe({ nodeId: 'a', error });
      return error;
    };
    await watched.probeNow('a');
    expect(watched.describe('a')).toMatchObject({ state: 'suspect', consecutiveFailures: 1 });
  });

  it('suspects a node of whose requests many break, although its probes go well', async () => {
    const { client } = scripted('a', healthy);
    const watched = watch([client]);
    await watched.start();
    for (let i = 0; i < 12; i++) {
      watched.observe(i % 3 === 2 ? { nodeId: 'a', error: new NodeError('a', 'broken', 'reset') } : { nodeId: 'a' });
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(watched.describe('a')).toMatchObject({
      state: 'suspect',
      lastError: expect.stringMatching(/^3\d % of the latest requests broke, the last one with: node a: reset$/),
    });
  });

  it('forgets failures when a request is answered', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client]);
    await watched.start();
    node.behaviour = silent;
    await watched.probeNow('a');
    await watched.probeNow('a');
    watched.observe({ nodeId: 'a', status: 400 });
    await watched.probeNow('a');
    expect(watched.describe('a')).toMatchObject({ state: 'suspect', consecutiveFailures: 1 });
  });

  it('watches nodes that are added, and no longer those removed, even with a probe under way', async () => {
    const changes: string[] = [];
    const [first, second] = [scripted('a', healthy), scripted('b', healthy)];
    const watched = watch([first.client], { onChange: (id, { state }) => changes.push(`${id} ${state}`) });
    await watched.start();
    watched.add(second.client);
    await vi.advanceTimersByTimeAsync(0);
    expect(watched.describe('b')?.state).toBe('up');

    first.node.behaviour = refusing;
    const late = watched.probeNow('a');
    watched.remove('a');
    await late;
    expect(watched.describe('a')).toBeNull();
    first.node.paths.length = 0;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(first.node.paths).toEqual([]);
    expect(changes).toEqual(['a up', 'b up']);
  });

  it('ends requests under way when the node goes down, as if they had timed out, and others not', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client], { interval: 1_000 });
    await watched.start();
    const impatient = givingUpWhenDown(
      {
        ...client,
        request: ({ signal }) =>
          new Promise((resolve, reject) => {
            setTimeout(() => resolve({ status: 202, text: '' }), 5_000);
            signal?.addEventListener('abort', () => reject(new NodeError('a', 'aborted', 'request aborted')));
          }),
      },
      watched,
    );
    const write = () => impatient.request({ method: 'POST', path: '/indexes/x/documents', body: '[]' });
    const unharmed = write();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await unharmed).toMatchObject({ status: 202 });
    node.behaviour = silent;
    const stuck = expect(write()).rejects.toMatchObject({ kind: 'timeout', message: expect.stringContaining('down') });
    await vi.advanceTimersByTimeAsync(4_000);
    await stuck;
  });

  it('probes no more once stopped', async () => {
    const { node, client } = scripted('a', healthy);
    const watched = watch([client]);
    await watched.start();
    watched.stop();
    node.paths.length = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(node.paths).toEqual([]);
  });
});
