import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import type { RawRequest } from '../../support/http.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { ask } from './support.ts';

let oracle: Oracle;
let cluster: Cluster;

beforeAll(async () => {
  [oracle, cluster] = await Promise.all([startOracle(), startCluster({ nodes: 2, shards: 4 })]);
});
afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

type Case = readonly [method: RawRequest['method'], path: string, body?: string];

async function compare(cases: readonly Case[]): Promise<void> {
  const different: unknown[] = [];
  for (const [method, path, body] of cases) {
    const [theirs, ours] = [await ask(oracle, method, path, body), await ask(cluster, method, path, body)];
    if (theirs !== ours) different.push({ request: `${method} ${path} ${(body ?? '').slice(0, 200)}`, theirs, ours });
  }
  expect(different).toEqual([]);
}

const values = ['null', 'true', '1', '-1', '1.5', '"a"', '""', '[]', '{}', '["a"]', '{"a":1}'];
const all = (path: string): Case[] => (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).map((m) => [m, path]);

it('validates and shows experimental features as the real server', async () => {
  const path = '/experimental-features';
  const names = ['metrics', 'logsRoute', 'containsFilter', 'metric', 'Metrics', 'vectorStore', 'zzz', 'network'];
  await compare([
    ...all(path),
    ...values.map((value): Case => ['PATCH', path, value]),
    ...names.flatMap((name) =>
      values.filter((v) => v !== 'true' || name !== 'network').map((v): Case => ['PATCH', path, `{"${name}":${v}}`]),
    ),
    ['PATCH', path, '{"metrics":false,"metrics":true}'],
    ['PATCH', path, '{"network":false,"chatCompletions":null}'],
    ['PATCH', path, '{"compositeEmbedders":true,"multimodal":true,"vectorStoreSetting":true}'],
    ['GET', path],
    [
      'PATCH',
      path,
      '{"compositeEmbedders":false,"multimodal":false,"vectorStoreSetting":false,"containsFilter":false}',
    ],
    ['PATCH', path, '{"metrics":false,"logsRoute":false}'],
    ['PATCH', path, '{"metrics":'],
  ]);
});

it('refuses what is behind a feature that is off as the real server, and logs targets that are none', async () => {
  const targets = ['', 'a=b=c', 'a=bad', 'a=b,c', 5, null, {}].map((target) => JSON.stringify({ target }));
  const logs: Case[] = ['/logs/stderr', '/logs/stream'].flatMap((path) => [
    ...all(path).filter(([method]) => method !== 'DELETE' || path.endsWith('stderr')),
    ...[...values, ...targets, '{"mode":"human"}', '{"mode":"hh"}', '{"targett":"info"}', '{"profileMemory":1}'].map(
      (body): Case => ['POST', path, body],
    ),
  ]);
  await compare([
    ...all('/metrics'),
    ...logs,
    ['GET', '/tasks/0/documents'],
    ['GET', '/tasks/x/documents'],
    ['PATCH', '/experimental-features', '{"logsRoute":true}'],
    ['POST', '/logs/stderr', '{"target":"warn"}'],
    ['POST', '/logs/stderr', '{"target":"OFF"}'],
    ['POST', '/logs/stderr', '{}'],
    ['POST', '/logs/stderr', '{"target":"a=bad"}'],
    ['PATCH', '/experimental-features', '{"logsRoute":false}'],
  ]);
});

const headersOf = (count: number, extra: Record<string, string> = {}) =>
  JSON.stringify({
    url: 'http://x',
    headers: { ...extra, ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, 'v'])) },
  });

it('keeps webhooks as the real server', async () => {
  const uuid = '11111111-1111-1111-1111-111111111111';
  const zero = '00000000-0000-0000-0000-000000000000';
  const fields = ['url', 'headers', 'header', 'uuid', 'isEditable', 'ur'];
  const urls = [
    'x',
    '',
    'http://',
    'http://x:99999',
    'http://a b',
    'ftp://x/y',
    'http://u:p@h/z?x#f',
    'HTTP://Exa.COM',
  ];
  const headers = [
    '{"a":null}',
    '{"a":1}',
    '{"a b":"c"}',
    '{"":"c"}',
    '{"a":"c\\n"}',
    '{"X-B":"é","A":"1","a":"2"}',
    '{"bad name":null}',
    '{"z z":"d","a":"\\n"}',
    '{"l":"a\\tb","m":" lead ","n":"\\u0080€"}',
    '{"o":"\\u007f"}',
  ];
  await compare([
    ...all('/webhooks').filter(([method]) => method !== 'POST'),
    ...all(`/webhooks/${uuid}`),
    ...all(`/webhooks/${zero}`).filter(([method]) => method !== 'PATCH'),
    ['PATCH', `/webhooks/${zero}`, '{}'],
    ['PATCH', `/webhooks/${uuid}`, '{"url":1}'],
    ['PATCH', `/webhooks/${uuid}`, '{"url":"zz"}'],
    ['PATCH', '/webhooks/x', '{"url":1}'],
    ['PATCH', '/webhooks/x', '{}'],
    ['DELETE', '/webhooks/x'],
    ['GET', '/webhooks/{11111111-1111-1111-1111'],
    ...values.map((value): Case => ['POST', '/webhooks', value]),
    ...fields.flatMap((field) => values.map((v): Case => ['POST', '/webhooks', `{"${field}":${v}}`])),
    ...urls.slice(0, 5).map((url): Case => ['POST', '/webhooks', JSON.stringify({ url })]),
    ...headers.map((h): Case => ['POST', '/webhooks', `{"url":"zz","headers":${h}}`]),
    ['POST', '/webhooks', headersOf(201)],
    ['POST', '/webhooks', headersOf(201, { 'bad name': 'x' })],
    ['POST', '/webhooks', headersOf(200)],
    ...urls.slice(5).map((url): Case => ['POST', '/webhooks', JSON.stringify({ url })]),
    ...headers.map((h): Case => ['POST', '/webhooks', `{"url":"http://x","headers":${h}}`]),
    ['POST', '/webhooks', '{"url":"http://x","headers":null}'],
    ...Array.from({ length: 14 }, (): Case => ['POST', '/webhooks', '{"url":"http://x"}']),
    ['POST', '/webhooks', '{"url":"bad"}'],
    ['POST', '/webhooks', '{"url":1}'],
  ]);
});

it('changes webhooks as the real server', async () => {
  const uuidOf = async (server: Oracle | Cluster) => {
    const list = await fetch(`${server.address}/webhooks`, {
      headers: { authorization: `Bearer ${server.masterKey}` },
    });
    const { results } = (await list.json()) as { results: { uuid: string; url: string }[] };
    return results.find(({ url }) => url === 'HTTP://Exa.COM')?.uuid ?? '';
  };
  const [theirs, ours] = [await uuidOf(oracle), await uuidOf(cluster)];
  const steps: [RawRequest['method'], string?][] = [
    ['PATCH', '{}'],
    ['PATCH', '{"url":null}'],
    ['PATCH', '{"url":""}'],
    ['PATCH', '{"url":"zz"}'],
    ['PATCH', '{"headers":{"q":"1","z":"2"}}'],
    ['PATCH', '{"headers":{"q":null,"bad name":null}}'],
    ['PATCH', '{"headers":{"zz":null,"bad name":"x"}}'],
    ['PATCH', '{"url":"bad","headers":{"bad name":"1"}}'],
    ['PATCH', '{"url":"http://new","headers":{"Q":"1"}}'],
    ['PATCH', '{"uuid":"x"}'],
    ['PATCH', '{"isEditable":false}'],
    ['GET'],
    ['PATCH', '{"headers":null}'],
    ['PUT', '{}'],
    ['DELETE'],
    ['DELETE'],
    ['GET'],
    ['PATCH', '{"url":"zz"}'],
  ];
  for (const [method, body] of steps) {
    expect([method, body, await ask(cluster, method, `/webhooks/${ours}`, body)]).toEqual([
      method,
      body,
      await ask(oracle, method, `/webhooks/${theirs}`, body),
    ]);
  }
});
