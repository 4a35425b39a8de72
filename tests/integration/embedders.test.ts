import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { diffAnswers } from '../support/compare.ts';
import { type Server, send, sendJson, type TaskView, waitForTask, write } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';

/** Embedders that make vectors of texts: a small REST service that writes down the texts it is sent. */

let oracle: Oracle;
let cluster: Cluster;
let failing = false;
const texts: Record<'oracle' | 'miroir', string[]> = { oracle: [], miroir: [] };

/** The same for the same text, and like for like texts: shares of its letters. */
function embed(text: string): number[] {
  const counts = [0, 0, 0, 0];
  for (const c of text) counts[(c.codePointAt(0) ?? 0) % 4] = (counts[(c.codePointAt(0) ?? 0) % 4] ?? 0) + 1;
  return counts.map((count) => count / Math.max(1, text.length));
}

const embedderService = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { input } = JSON.parse(body) as { input: string };
    // "test" is what a server asks to learn the dimensions.
    if (input !== 'test') texts[request.url === '/oracle' ? 'oracle' : 'miroir'].push(input);
    response.writeHead(failing ? 400 : 200, { 'content-type': 'application/json' });
    response.end(failing ? '{"error":"no"}' : JSON.stringify({ out: embed(input) }));
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => embedderService.listen(0, '127.0.0.1', resolve));
  oracle = await startOracle();
  cluster = await startCluster({ nodes: 2, shards: 8 });
});
afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
  embedderService.close();
});

const sides = () => [
  { name: 'oracle' as const, server: oracle as Server },
  { name: 'miroir' as const, server: cluster as Server },
];

const rest = (side: string, change: object = {}) => ({
  source: 'rest',
  url: `http://127.0.0.1:${(embedderService.address() as AddressInfo).port}/${side}`,
  request: { input: '{{text}}' },
  response: { out: '{{embedding}}' },
  ...change,
});

async function settings(uid: string, make: (side: string) => object): Promise<void> {
  for (const { name, server } of sides()) {
    await write(server, { method: 'PATCH', path: `/indexes/${uid}/settings`, body: JSON.stringify(make(name)) });
  }
}

async function documents(uid: string, method: 'POST' | 'PUT', list: readonly object[]): Promise<TaskView[]> {
  const path = `/indexes/${uid}/documents?primaryKey=id`;
  return Promise.all(
    sides().map(async ({ server }) => {
      const { taskUid } = await sendJson<{ taskUid: number }>(server, method, path, list);
      return waitForTask(server, taskUid);
    }),
  );
}

/** The texts that both sides had embedded since the last call, each in one order. */
function embedded(): { oracle: string[]; miroir: string[] } {
  return { oracle: texts.oracle.splice(0).sort(), miroir: texts.miroir.splice(0).sort() };
}

async function same(method: 'GET' | 'POST', path: string, body?: object): Promise<void> {
  const request = { method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const [expected, got] = await Promise.all(sides().map(({ server }) => send(server, request)));
  if (expected === undefined || got === undefined) throw new Error('two sides are compared');
  const text = got.text.replaceAll('/miroir"', '/oracle"');
  expect([request, diffAnswers(expected, { status: got.status, text })]).toEqual([request, []]);
}

const words = 'sea night film land wolf bear star moon river house'.split(' ');
const films = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: from + i,
    title: `${words[(from + i) % 10]} ${words[(i * 3 + 1) % 10]}`,
    // One member only: a server prints those of an object in any order.
    cast: { lead: [words[(i * 7) % 10], 5] },
    note: i % 3 === 0 ? null : 'x',
  }));

/** Templates whose texts could show fields that are not the client's. */
const templates = [
  undefined,
  null,
  '{% for f in fields %}{{ f.name }}={{ f.value }};{% endfor %}',
  '{%- for f in fields -%}  {{ f.name }}: {{ f.value }}\n  {%- endfor -%}  .',
  '{% for f in fields reversed %}[{{ f.value }}]{% endfor %}{{ doc.title }}',
  'A film called {{ doc.title }}',
];

it.each(templates.map((template, at) => ({ template, at })))(
  'texts sent for embedding are those of one server: template $at',
  async ({ template, at }) => {
    const uid = `films${at}`;
    const documentTemplate = template === undefined ? {} : { documentTemplate: template };
    await settings(uid, (side) => ({ embedders: { r: rest(side, documentTemplate) }, filterableAttributes: ['id'] }));
    await documents(uid, 'POST', films(0, 30));
    await documents(uid, 'PUT', [
      { id: 3, title: 'changed' },
      { id: 99, title: 'new' },
    ]);
    const sent = embedded();
    expect(sent.miroir).toEqual(sent.oracle);
    expect(sent.oracle.length).toBeGreaterThanOrEqual(30);
    expect(sent.miroir.join()).not.toContain('_miroir_');
    await same('GET', `/indexes/${uid}/settings`);
    await same('GET', `/indexes/${uid}/documents/3?retrieveVectors=true`);
    for (const semanticRatio of [1, 0.5]) {
      const hybrid = { embedder: 'r', semanticRatio };
      await same('POST', `/indexes/${uid}/search`, { q: 'wolf star', hybrid, limit: 100, showRankingScore: true });
    }
    const asked = embedded();
    // A text searched for is embedded once, however many nodes there are.
    expect(asked.miroir).toEqual(asked.oracle);
  },
  300_000,
);

it('keeps the template when a patch does not name it, and judges sizes that the embedder learnt', async () => {
  await settings('patched', (side) => ({ embedders: { r: rest(side, { documentTemplate: 'T {{ doc.title }}' }) } }));
  await settings('patched', () => ({ embedders: { r: { documentTemplateMaxBytes: 6 } } }));
  await documents('patched', 'POST', [{ id: 1, title: 'abcdefgh' }]);
  const short = embedded();
  expect(short.miroir).toEqual(short.oracle);
  expect(short.oracle).toHaveLength(1);
  await settings('patched', () => ({ embedders: { r: { documentTemplate: null, documentTemplateMaxBytes: null } } }));
  const sent = embedded();
  expect(sent.miroir).toEqual(sent.oracle);
  await same('GET', '/indexes/patched/settings/embedders');
  for (const vector of [
    [1, 2],
    [1, 2, 3, 4],
    [[1, 2, 3, 4], [1]],
  ]) {
    const [expected, got] = await documents('patched', 'POST', [
      { id: 2, title: 'b' },
      { id: 7, title: 'c', _vectors: { r: vector } },
    ]);
    expect([got?.status, got?.error]).toEqual([expected?.status, expected?.error]);
  }
  await same('GET', '/indexes/patched/documents?retrieveVectors=true');
  embedded();
}, 300_000);

it('answers from the words alone when a text cannot be embedded', async () => {
  await settings('broken', (side) => ({ embedders: { r: rest(side, { dimensions: 4 }) } }));
  await documents('broken', 'POST', films(0, 20));
  failing = true;
  try {
    await same('POST', '/indexes/broken/search', { q: 'wolf', hybrid: { embedder: 'r', semanticRatio: 0.6 } });
    const only = { method: 'POST' as const, path: '/indexes/broken/search' };
    const body = JSON.stringify({ q: 'wolf', hybrid: { embedder: 'r', semanticRatio: 1 } });
    const [expected, got] = await Promise.all(sides().map(({ server }) => send(server, { ...only, body })));
    expect(got?.status).toBe(expected?.status);
    expect(got?.text.replaceAll('/miroir', '/oracle')).toBe(expected?.text);
  } finally {
    failing = false;
  }
}, 300_000);
