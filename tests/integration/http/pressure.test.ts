import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type RawAnswer, send, sendJson, write } from '../../support/http.ts';
import { createGates } from './gate.ts';
import { requestText, until, Wire } from './sockets.ts';

/** What clients see while the nodes are slow or have too much to do. */

const gates = createGates();
let cluster: Cluster | undefined;

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 1,
    groups: 2,
    shards: 4,
    front: gates.front,
    config: {
      server: { max_concurrent_requests: 4, max_queued_requests: 3, queue_timeout: '1m' },
      search: { node_timeout: '1m' },
    },
  });
  const films = Array.from({ length: 20 }, (_, id) => ({ id, title: `Film ${id}` }));
  await write(cluster, { method: 'POST', path: '/indexes/films/documents', body: JSON.stringify(films) });
});

afterEach(() => gates.set('open'));

afterAll(async () => {
  gates.set('open');
  await cluster?.stop();
  gates.stop();
});

function miroir(): Cluster {
  if (cluster === undefined) throw new Error('the cluster did not start');
  return cluster;
}

const search = (q = ''): Promise<RawAnswer> =>
  send(miroir(), { method: 'POST', path: '/indexes/films/search', body: JSON.stringify({ q }) });

async function gauge(name: string): Promise<number> {
  const { text } = await send(miroir(), { method: 'GET', path: '/_miroir/metrics', headers: { authorization: '' } });
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

const total = ({ text }: RawAnswer) => (JSON.parse(text) as { estimatedTotalHits: number }).estimatedTotalHits;
const codeOf = ({ text }: RawAnswer) => (JSON.parse(text) as { code: string }).code;

describe('while the nodes are slow', () => {
  it('handles some requests, lets some wait, refuses the rest at once, and loses none', async () => {
    gates.set('shut');
    const answers: RawAnswer[] = [];
    const all = Array.from({ length: 12 }, () => search().then((answer) => answers.push(answer)));
    await until(() => answers.length === 5, 'the refusal of 5 searches');
    expect([await gauge('miroir_requests_in_flight'), await gauge('miroir_requests_waiting')]).toEqual([4, 3]);
    for (const refused of answers) {
      expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([
        503,
        'miroir_overloaded',
        '1',
      ]);
    }
    expect((await send(miroir(), { method: 'GET', path: '/health' })).status).toBe(200);
    await until(() => gates.held >= 4);
    gates.set('open');
    await Promise.all(all);
    expect(answers.slice(5).map(({ status }) => status)).toEqual(Array(7).fill(200));
    expect(answers.slice(5).map(total)).toEqual(Array(7).fill(20));
    expect([await gauge('miroir_requests_in_flight'), await gauge('miroir_requests_waiting')]).toEqual([0, 0]);
  });

  it('forgets clients that do not wait', async () => {
    gates.set('shut');
    const headers = { authorization: `Bearer ${miroir().masterKey}`, 'content-type': 'application/json' };
    const wires = Array.from({ length: 7 }, () =>
      new Wire(miroir().address).write(requestText('POST /indexes/films/search', headers, '{}')),
    );
    await until(async () => (await gauge('miroir_requests_waiting')) === 3);
    for (const wire of wires) wire.abort();
    await until(async () => (await gauge('miroir_requests_waiting')) === 0);
    gates.set('open');
    await until(async () => (await gauge('miroir_requests_in_flight')) === 0);
    expect(total(await search())).toBe(20);
  });
});

describe('a node with too much to do', () => {
  const nodes = () => miroir().nodes.map(({ id }) => id);

  it('is not asked again: another copy answers', async () => {
    for (const node of nodes()) {
      gates.set('overloaded', node);
      const answers = await Promise.all(['', 'film', 'one', 'film 3'].map(search));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(answers.map(({ headers }) => headers['x-miroir-degraded'])).toEqual(Array(4).fill(undefined));
      gates.set('open', node);
    }
  });

  it("passes its refusal on when all copies have too much to do, in Meilisearch's words", async () => {
    gates.set('overloaded');
    const refusal = {
      message: 'Too many search requests running at the same time: 1000. Retry after 10s.',
      code: 'too_many_search_requests',
      type: 'system',
      link: 'https://docs.meilisearch.com/errors#too_many_search_requests',
    };
    const refused = await search();
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
    expect(JSON.parse(refused.text)).toEqual(refusal);
    gates.set('open');
    expect(total(await search())).toBe(20);
  });

  it('does not hold up writes, which wait for nobody that searches', async () => {
    gates.set('shut');
    const held = search();
    await until(() => gates.held >= 1);
    await write(miroir(), { method: 'PUT', path: '/indexes/films/documents', body: '[{"id":1,"seen":true}]' });
    expect(await sendJson(miroir(), 'GET', '/indexes/films/documents/1')).toMatchObject({ seen: true });
    gates.set('open');
    expect(total(await held)).toBe(20);
  });
});

describe('uploads that break off', () => {
  it('write nothing: no task, no document', async () => {
    const tasks = () => sendJson<{ total: number }>(miroir(), 'GET', '/tasks');
    const before = (await tasks()).total;
    const headers = { authorization: `Bearer ${miroir().masterKey}`, 'content-type': 'application/x-ndjson' };
    const framings: Record<string, string>[] = [{ 'content-length': '9999' }, { 'transfer-encoding': 'chunked' }];
    for (const framing of framings) {
      const head = requestText('POST /indexes/films/documents', { ...headers, ...framing });
      const lines = '{"id":900}\n{"id":901}\n';
      const wire = new Wire(miroir().address).write(head);
      wire.write('transfer-encoding' in framing ? `16\r\n${lines}\r\n` : lines);
      await until(async () => (await gauge('miroir_requests_in_flight')) === 1);
      wire.abort();
      await until(async () => (await gauge('miroir_requests_in_flight')) === 0);
    }
    expect((await tasks()).total).toBe(before);
    expect(total(await search())).toBe(20);
  });
});
