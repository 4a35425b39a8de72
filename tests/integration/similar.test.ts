import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCorpus } from '../parity/suites/load.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { diffAnswers } from '../support/compare.ts';
import { products } from '../support/corpus.ts';
import { type RawRequest, type Server, send, sendJson, write } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { dimensions, embedder, withVectors } from '../support/vectors.ts';

/** Similar documents over HTTP: refusals byte for byte, settings that must not count, tenant tokens, over-fetching. */

const corpus = withVectors(products(200, 9), { uid: 'shop', seed: 91 });
let oracle: Oracle;
let cluster: Cluster;

beforeAll(async () => {
  oracle = await startOracle();
  cluster = await startCluster({ nodes: 2, groups: 2, shards: 8 });
  await Promise.all([loadCorpus(oracle, corpus), loadCorpus(cluster, corpus)]);
}, 300_000);
afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

async function same(request: RawRequest): Promise<string> {
  const [expected, got] = await Promise.all([send(oracle, request), send(cluster, request)]);
  expect([request, diffAnswers(expected, got)]).toEqual([request, []]);
  return got.text;
}

const similar = (body: unknown, uid = 'shop'): RawRequest => ({
  method: 'POST',
  path: `/indexes/${uid}/similar`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const bodies = [
  ...['', '[]', '5', '{}', '{"id":1}', '{"embedder":"manual"}', '{"id":1,"embedder":5}', '{"id":1,"embedder":null}'],
  ...['{"id":"a b","embedder":"manual"}', '{"id":1.5,"embedder":"manual"}', '{"id":null,"embedder":"manual"}'],
  ...['{"id":[1],"embedder":"manual"}', '{"id":true,"embedder":"manual"}', '{"id":"","embedder":"manual"}'],
  ...['{"id":99999,"embedder":"manual"}', '{"id":"nope","embedder":"manual"}', '{"id":1,"embedder":"none"}'],
  ...[
    '{"id":1,"embedder":"manual","x":1}',
    '{"id":1,"embedder":"manual","q":"a"}',
    '{"id":1,"embedder":"manual","limt":1}',
  ],
  ...['{"id":1,"embedder":"manual","limit":-1}', '{"id":1,"embedder":"manual","offset":"a"}'],
  ...['{"id":1,"embedder":"manual","filter":"nope = 1"}', '{"id":1,"embedder":"manual","filter":"price >"}'],
  ...['{"id":1,"embedder":"manual","filter":5}', '{"id":1,"embedder":"manual","filter":"_miroir_shard = 1"}'],
  ...[
    '{"id":1,"embedder":"manual","rankingScoreThreshold":2}',
    '{"id":1,"embedder":"manual","rankingScoreThreshold":"a"}',
  ],
  ...[
    '{"id":1,"embedder":"manual","attributesToRetrieve":"title"}',
    '{"id":1,"embedder":"manual","retrieveVectors":1}',
  ],
  ...[
    '{"id":1,"embedder":"manual","showRankingScore":"x"}',
    '{"id":1,"embedder":"manual","showRankingScoreDetails":0}',
  ],
  ...['{"id":1,"embedder":"manual","limit":0}', '{"id":"1","embedder":"manual","limit":200}'],
];
const queries = [
  ...['', 'id=1', 'embedder=manual', 'id=a%20b&embedder=manual', 'id=&embedder=manual', 'id=99999&embedder=manual'],
  ...[
    'id=1&embedder=none',
    'id=1&embedder=manual&x=1',
    'id=1&embedder=manual&limit=a',
    'id=1&embedder=manual&offset=-1',
  ],
  ...['id=1&embedder=manual&rankingScoreThreshold=2', 'id=1&embedder=manual&rankingScoreThreshold=NaN&limit=200'],
  ...['id=1&embedder=manual&filter=price%20%3E', 'id=1&embedder=manual&retrieveVectors=yes'],
  ...['id=1&embedder=manual&limit=200&attributesToRetrieve=id,price&filter=price%20%3E%20300&showRankingScore=true'],
];

it('refuses and answers as one server, by POST and GET', async () => {
  for (const body of bodies) await same(similar(body));
  for (const query of queries) await same({ method: 'GET', path: `/indexes/shop/similar?${query}` });
  await same(similar({ id: 1, embedder }, 'unknown'));
  await same(similar({ id: 1, embedder }, 'bad uid'));
  const without = corpus.documents.find((document) => document.includes('"manual":null'));
  const id = (JSON.parse(without ?? '{}') as { id: unknown }).id;
  await same(similar({ id, embedder, limit: 200, filter: 'price > 100' }));
}, 300_000);

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function tenantToken(server: Server, filter: string): Promise<string> {
  const { results } = await sendJson<{ results: { uid: string; key: string; actions: string[] }[] }>(
    server,
    'GET',
    '/keys',
  );
  const key = results.find(({ actions }) => actions.length === 1 && actions[0] === 'search');
  if (key === undefined) throw new Error('there is no search key');
  const payload = { apiKeyUid: key.uid, searchRules: { shop: { filter } }, exp: 4_000_000_000 };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', key.key).update(signed).digest('base64url')}`;
}

it("adds a tenant token's filter, to similar documents and to searches by vectors", async () => {
  const vector = Array.from({ length: dimensions }, (_, i) => i / 8);
  const hybrid = { embedder, semanticRatio: 0.5 };
  const requests = [
    similar({ id: 1, embedder, limit: 200 }),
    similar({ id: 1, embedder, limit: 200, filter: ['stock > 100'] }),
    { ...similar({ q: 'the ', vector, hybrid, limit: 200 }), path: '/indexes/shop/search' },
  ];
  for (const filter of ['price < 500', 'id IN [2, 3, 4, 5]', 'nope = 1']) {
    for (const request of requests) {
      const [expected, got] = await Promise.all(
        [oracle, cluster].map(async (server) =>
          send(server, { ...request, headers: { authorization: `Bearer ${await tenantToken(server, filter)}` } }),
        ),
      );
      if (expected === undefined || got === undefined) throw new Error('two sides are compared');
      expect([request, diffAnswers(expected, got)]).toEqual([request, []]);
    }
  }
}, 300_000);

const hitIds = (text: string) => (JSON.parse(text) as { hits: { id: unknown }[] }).hits.map(({ id }) => id);

it('takes the header that says how many more neighbours nodes are asked for', async () => {
  const search = {
    ...similar({ vector: Array(dimensions).fill(1), hybrid: { embedder, semanticRatio: 1 }, limit: 50 }),
    path: '/indexes/shop/search',
  };
  for (const request of [search, similar({ id: 3, embedder, limit: 50 })]) {
    // Four times fifty are all documents, so that no node approximates.
    const more = await send(cluster, { ...request, headers: { 'x-miroir-over-fetch': '4' } });
    const all = { ...request, body: JSON.stringify({ ...JSON.parse(request.body as string), limit: 200 }) };
    expect(hitIds(more.text)).toEqual(hitIds((await send(oracle, all)).text).slice(0, 50));
    const bad = await send(cluster, { ...request, headers: { 'x-miroir-over-fetch': '0' } });
    expect([bad.status, JSON.parse(bad.text)]).toMatchObject([
      400,
      { code: 'bad_request', message: expect.stringContaining('a whole number from 1 to 50, found `0`') },
    ]);
  }
});

it('knows no distinct attribute and no ranking rule when it looks for similar documents', async () => {
  const variants = [
    { distinctAttribute: 'brand' },
    { rankingRules: ['price:asc', 'words', 'typo', 'proximity', 'attribute', 'sort', 'exactness'] },
    { distinctAttribute: null, displayedAttributes: ['title', 'id'] },
    { displayedAttributes: ['title', '_vectors'] },
  ];
  for (const variant of variants) {
    const change: RawRequest = { method: 'PATCH', path: '/indexes/shop/settings', body: JSON.stringify(variant) };
    await Promise.all([write(oracle, change), write(cluster, change)]);
    for (const id of [1, 2, 3]) await same(similar({ id, embedder, limit: 200, showRankingScoreDetails: true }));
    await same(similar({ id: 5, embedder, limit: 200, retrieveVectors: true }));
    await same(similar({ id: 5, embedder, limit: 200, filter: 'price < 300', rankingScoreThreshold: 0.6 }));
  }
}, 300_000);
