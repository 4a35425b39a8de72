import { beforeAll, describe, expect, it } from 'vitest';
import { type NodeClient, NodeError, type NodeResponse } from '../../../src/nodes/client.ts';
import { initHash } from '../../../src/placement/hash.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import { createScatter, type ScatterOptions } from '../../../src/search/scatter.ts';
import { steadyReading } from '../../support/reading.ts';
import { indexRecord } from './fixtures.ts';

type Behaviour = (path: string) => NodeResponse | NodeError;

const index = indexRecord({ shards: 4 });
const ok = (path: string): NodeResponse => ({ status: 200, text: `"${path}"` });
const refused = (id: string) => () => new NodeError(id, 'refused', 'down');
const error = (status: number, code: string, message = code): NodeResponse => ({
  status,
  text: JSON.stringify({ message, code, type: 'x', link: 'y' }),
});

/** Group 0 is a (shards 0, 1) and b (2, 3), group 1 is c with everything. */
const view: ClusterView = {
  groups: () => [0, 1],
  nodes: (group) => (group === 0 ? ['a', 'b'] : ['c']),
  owners: (group, shard) => (group === 1 ? ['c'] : [shard < 2 ? 'a' : 'b']),
  copies: (_, group, shard) => view.owners(group, shard),
  hasSurplus: () => false,
  up: () => true,
  inSync: () => true,
};

function setUp(nodes: Record<string, Behaviour>, options: Partial<ScatterOptions> = {}) {
  const asked: string[] = [];
  /** Requests over a connection of their own. */
  const anew: string[] = [];
  const metrics = { fanOut: 0, retries: 0, partial: 0 };
  const client = (id: string): NodeClient => ({
    id,
    async request({ path, ownConnection }) {
      asked.push(path);
      if (ownConnection === true) anew.push(path);
      const answer = (nodes[id] ?? ok)(path);
      if (answer instanceof NodeError) throw answer;
      return answer;
    },
    async close() {},
  });
  const scatter = createScatter({
    view: () => view,
    clients: { get: client },
    ...steadyReading(),
    nodeTimeoutMs: 1_000,
    unavailableShards: 'partial',
    errors: { toLogical: (body) => ({ ...body, message: `logical ${body.message}` }) },
    metrics: {
      fanOut: (n) => {
        metrics.fanOut = n;
      },
      retry: () => metrics.retries++,
      hedge: () => {},
      partial: () => metrics.partial++,
    },
    ...options,
  });
  const run = (startGroup = 0, steady = false) =>
    scatter({
      index,
      steady,
      shards: [0, 1, 2, 3],
      startGroup,
      build: (shards, whole, nodeId) => ({ method: 'GET', path: `${nodeId}:${shards.join()}:${whole}` }),
      read: ({ text }) => JSON.parse(text) as string,
      absent: { code: 'document_not_found', value: 'nothing' },
    });
  return { run, asked, anew, metrics };
}

beforeAll(initHash);

describe('scatter', () => {
  it('asks one copy of each shard and says when a node holds nothing else', async () => {
    const { run, metrics } = setUp({});
    const { answers, missing } = await run();
    expect(answers.map((a) => a.value)).toEqual(['a:0,1:true', 'b:2,3:true']);
    expect(missing).toEqual([]);
    expect(metrics).toEqual({ fanOut: 2, retries: 0, partial: 0 });
  });

  it('asks a node again, with a filter, that was given a further copy while it was asked without', async () => {
    let filling = false;
    const growing: ClusterView = {
      ...view,
      copies: (_, group, shard) => (filling && group === 0 && shard === 2 ? ['b', 'a'] : view.owners(group, shard)),
      inSync: (_, shard, node) => !(node === 'a' && shard === 2),
    };
    const answer = (path: string) => {
      filling = true;
      return ok(path);
    };
    const { run, asked } = setUp({ a: answer }, { view: () => growing });
    const { answers } = await run();
    expect(asked.filter((path) => path.startsWith('a:'))).toEqual(['a:0,1:true', 'a:0,1:false']);
    expect(answers.map(({ value }) => value)).toEqual(['a:0,1:false', 'b:2,3:true']);
  });

  it('goes over to another group for exactly the shards of a failed node', async () => {
    const { run, metrics } = setUp({ b: refused('b') });
    const { answers, missing } = await run();
    expect(answers.map((a) => a.value)).toEqual(['a:0,1:true', 'c:2,3:false']);
    expect(missing).toEqual([]);
    expect(metrics.retries).toBe(1);
  });

  it.each([
    ['a 500', () => error(500, 'internal')],
    ['an overloaded node', () => error(503, 'too_many_search_requests')],
    ['an answer cut short', () => ({ status: 200, text: '{"hi' })],
    ['a refused key', () => error(403, 'invalid_api_key')],
    ['a lost index', () => error(404, 'index_not_found')],
  ])('takes %s for a failure of the node', async (_, behaviour) => {
    const { run } = setUp({ c: behaviour });
    expect((await run(1)).answers.map((a) => a.nodeId)).toEqual(['a', 'b']);
  });

  it('reports the refusal of the first node by id, in logical words, and asks nobody else', async () => {
    const { run, asked } = setUp({
      a: () => error(400, 'invalid_search_sort', 'one'),
      b: () => error(400, 'invalid_search_filter', 'two'),
    });
    await expect(run()).rejects.toMatchObject({ code: 'invalid_search_sort', status: 400, message: 'logical one' });
    expect(asked).toHaveLength(2);
  });

  it('asks a node again whose connection broke, when nobody else has the shards', async () => {
    let times = 0;
    const broken = () => new NodeError('b', 'broken', 'reset');
    const { run, asked, anew, metrics } = setUp({
      b: (path) => (times++ < 2 ? broken() : ok(path)),
      c: () => new NodeError('c', 'timeout', 'late'),
    });
    const { answers, missing } = await run();
    expect(answers.map((a) => a.value)).toEqual(['a:0,1:true', 'b:2,3:true']);
    expect(missing).toEqual([]);
    expect(asked).toEqual(['a:0,1:true', 'b:2,3:true', 'c:2,3:false', 'b:2,3:true', 'b:2,3:true']);
    expect(anew).toEqual(['b:2,3:true', 'b:2,3:true']);
    expect(metrics).toMatchObject({ retries: 3, partial: 0 });

    const hopeless = setUp({ b: broken, c: refused('c') });
    expect((await hopeless.run()).missing).toEqual([2, 3]);
    expect(hopeless.asked).toHaveLength(5);
  });

  it('leaves a slow node, unless the answer depends on which copies give it', async () => {
    const { selection } = steadyReading();
    const slow = {
      ...selection,
      standings: (ids: readonly string[]) =>
        new Map(ids.map((id) => [id, { rank: id === 'a' ? ('slow' as const) : ('good' as const), cost: 1 }])),
    };
    const { run } = setUp({}, { selection: slow });
    expect((await run()).answers.map(({ nodeId }) => nodeId)).not.toContain('a');
    expect((await run(0, true)).answers.map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
    const { run: runAway } = setUp({ a: refused('a') }, { selection: slow });
    expect((await runAway(0, true)).answers.map(({ nodeId }) => nodeId)).toEqual(['b', 'c']);
  });

  it('names missing shards, or fails when the policy says so', async () => {
    const nodes = { b: refused('b'), c: refused('c') };
    const partial = setUp(nodes);
    expect((await partial.run()).missing).toEqual([2, 3]);
    expect(partial.metrics.partial).toBe(1);
    const strict = setUp(nodes, { unavailableShards: 'error' });
    await expect(strict.run()).rejects.toMatchObject({ code: 'miroir_shard_unavailable', status: 503 });
    await expect(strict.run()).rejects.toThrow('Shards 2, 3 are unavailable');
  });

  it('does not pass nothing at all off as an empty answer', async () => {
    const down = setUp({ a: refused('a'), b: refused('b'), c: refused('c') });
    await expect(down.run()).rejects.toMatchObject({ code: 'miroir_shard_unavailable' });
    const full = () => ({ ...error(503, 'too_many_search_requests', 'later'), retryAfter: '7' });
    const busy = setUp({ a: full, b: full, c: full });
    await expect(busy.run()).rejects.toMatchObject({
      code: 'too_many_search_requests',
      headers: { 'Retry-After': '7' },
    });
  });

  it('takes the 404 that was expected for an answer', async () => {
    const { run } = setUp({ c: () => error(404, 'document_not_found') });
    expect((await run(1)).answers.map((a) => a.value)).toEqual(['nothing']);
  });

  it('asks no copy that is down or stale', async () => {
    const { run } = setUp(
      {},
      { view: () => ({ ...view, up: (n) => n !== 'a', inSync: (_, s, n) => n !== 'b' || s !== 3 }) },
    );
    expect((await run()).answers.map((a) => a.value)).toEqual(['b:2:false', 'c:0,1,3:false']);
  });
});
