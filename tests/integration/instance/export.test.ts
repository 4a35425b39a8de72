import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { elements } from '../../../src/json/scan.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Server, send, sendJson } from '../../support/http.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { startTarget } from './export-target.ts';
import { ask, ended, run } from './support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let oracle: Oracle;
let cluster: Cluster;
/** Plain servers that the oracle and the cluster export to. */
let theirs: Oracle;
let ours: Oracle;

const documents = Array.from(
  { length: 400 },
  (_, i) => `{"id":${i},"n":${i % 7},"big":9007199254740993,"f":1.0,"_vectors":{"own":[${i},0.5]}}`,
);

/** Enough documents for every worker of 1.21, whose idle ones send empty payloads and then fail. */
async function fill(server: Server): Promise<void> {
  const settings = {
    filterableAttributes: ['n'],
    displayedAttributes: ['id', 'n'],
    rankingRules: ['words', 'n:desc'],
    embedders: { own: { source: 'userProvided', dimensions: 2 } },
    faceting: { maxValuesPerFacet: 7 },
  };
  await run(server, 'POST', '/indexes', { uid: 'books', primaryKey: 'id' });
  await run(server, 'PATCH', '/indexes/books/settings', settings);
  const body = `[${documents.join(',')}]`;
  const added = await send(server, { method: 'POST', path: '/indexes/books/documents', body });
  await ended(server, (JSON.parse(added.text) as { taskUid: number }).taskUid);
  await run(
    server,
    'POST',
    '/indexes/bookcases/documents?primaryKey=k',
    documents.map((_, k) => ({ k })),
  );
}

beforeAll(async () => {
  [oracle, theirs, ours, cluster] = await Promise.all([
    startOracle(),
    startOracle(),
    startOracle(),
    startCluster({ nodes: 3, replicationFactor: 2, shards: 8 }),
  ]);
  await Promise.all([fill(oracle), fill(cluster)]);
});
afterAll(async () => {
  await Promise.all([oracle?.stop(), theirs?.stop(), ours?.stop(), cluster?.stop()]);
});

/** The task of an export, without its target's address. */
async function exported(server: Server, target: Server, body: Record<string, unknown> = {}) {
  const request = { url: target.address, apiKey: target.masterKey, ...body };
  const { status, type, details, error, indexUid } = await run(server, 'POST', '/export', request);
  return { status, type, error, indexUid, details: { ...details, url: null } };
}

async function quiet(server: Server): Promise<void> {
  for (;;) {
    const { total } = await sendJson<{ total: number }>(server, 'GET', '/tasks?statuses=enqueued,processing&limit=1');
    if (total === 0) return;
    await sleep(30);
  }
}

/** Everything that a target holds of an index. */
async function content(target: Server, uid: string) {
  await quiet(target);
  const get = async (path: string) => (await send(target, { method: 'GET', path })).text;
  const list = await get(`/indexes/${uid}/documents?limit=1000&retrieveVectors=true`);
  const { primaryKey } = JSON.parse(await get(`/indexes/${uid}`)) as { primaryKey: string };
  const raws = elements(list, '{"results":'.length).sort();
  return { raws, primaryKey, settings: await get(`/indexes/${uid}/settings`) };
}

describe('an export to a plain server', () => {
  it('sends what the export of one server sends, and tells the same', async () => {
    const expected = await exported(oracle, theirs);
    expect(expected.status).toBe('succeeded');
    expect(await exported(cluster, ours)).toEqual(expected);
    for (const uid of ['books', 'bookcases']) expect(await content(ours, uid)).toEqual(await content(theirs, uid));
    expect((await content(ours, 'books')).raws).toHaveLength(documents.length);
  });

  it('knows patterns, filters, and replaces settings only when told to', async () => {
    for (const [server, target] of [
      [oracle, theirs],
      [cluster, ours],
    ] as const) {
      await run(target, 'DELETE', '/indexes/bookcases');
      await run(target, 'PATCH', '/indexes/books/settings', { filterableAttributes: ['other'] });
      await run(target, 'DELETE', '/indexes/books/documents');
      await run(server, 'PATCH', '/indexes/bookcases/settings', { sortableAttributes: ['k'] });
    }
    const star = { indexes: { books: { filter: 'n < 5' }, '*': { filter: 'nothing = 1' } } };
    expect(await exported(cluster, ours, star)).toEqual(await exported(oracle, theirs, star));
    const kept = { indexes: { books: { filter: 'n < 5' }, 'bookc*': {}, none: {} } };
    expect(await exported(cluster, ours, kept)).toEqual(await exported(oracle, theirs, kept));
    expect(await content(ours, 'books')).toEqual(await content(theirs, 'books'));
    expect((await content(ours, 'books')).settings).toContain('"filterableAttributes":["other"]');
    const replaced = { payloadSize: '1 MiB', indexes: { 'books*': { overrideSettings: true, filter: null } } };
    expect(await exported(cluster, ours, replaced)).toEqual(await exported(oracle, theirs, replaced));
    for (const uid of ['books', 'bookcases']) expect(await content(ours, uid)).toEqual(await content(theirs, uid));
  });

  it('fails as one server does', async () => {
    const bodies = [
      { indexes: { books: { filter: 'nope = 1' } } },
      { indexes: { books: { filter: 'n =' } } },
      { indexes: { books: { filter: ['n = 1', ['n =']] } } },
      { indexes: { none: {} } },
      { indexes: {} },
      { apiKey: 'wrong' },
    ];
    for (const body of bodies) {
      expect([body, await exported(cluster, ours, body)]).toEqual([body, await exported(oracle, theirs, body)]);
    }
    const noUrl = await exported(cluster, ours, { url: 'nowhere' });
    expect(noUrl).toMatchObject({ status: 'failed', error: { code: 'internal' } });
    expect(noUrl.error?.message).toContain('no URL');
  });

  it('keeps no secret and no file', async () => {
    const tasks = await send(cluster, { method: 'GET', path: '/tasks?types=export&limit=100' });
    expect(tasks.text).toContain('"apiKey":"a-mXXXXX..."');
    expect(tasks.text).not.toContain(ours.masterKey);
    expect(readdirSync(cluster.config.dumps?.dir ?? '')).toEqual([]);
  });
});

it('reads requests as one server does', async () => {
  const bodies = [
    'null',
    '[]',
    '{"url":1}',
    '{"url":null}',
    '{"url":"http://x","apiKey":1}',
    '{"url":"http://x","zz":1}',
    ...[
      '-1',
      '1.5',
      'true',
      '"x"',
      '""',
      '" "',
      '"5 XB"',
      '"5 KX"',
      '"5 KiX"',
      '"5 KiBX"',
      '"5 B X"',
      '"1 000"',
      '".5"',
      '"1."',
      '"1e3"',
      '"20 EB"',
      '"99999999999999 TB"',
      '"-1"',
      '"1.x"',
      '{}',
    ].map((size) => `{"payloadSize":${size}}`),
    ...['1', '[]', '{"a b":{}}', '{"*a":{}}', '{"":{}}', '{"a":1}', '{"a":null}', '{"a":{"x":1}}'].map(
      (indexes) => `{"indexes":${indexes}}`,
    ),
    ...['1', 'null', '"a"'].map((value) => `{"indexes":{"a":{"overrideSettings":${value}}}}`),
  ];
  for (const body of bodies) {
    expect([body, await ask(cluster, 'POST', '/export', body)]).toEqual([
      body,
      await ask(oracle, 'POST', '/export', body),
    ]);
  }
  const none = { indexes: {} };
  for (const payloadSize of [
    0,
    1,
    1536,
    '1',
    '50 MiB',
    '1.5 GB',
    '2k',
    '2Ki',
    '3 kb',
    '5 Kb',
    '0.1 B',
    ' 5 ',
    '1.5 MB',
    '7B',
    '1 TiB',
  ]) {
    const details = async (server: Server) => (await run(server, 'POST', '/export', { ...none, payloadSize })).details;
    expect([payloadSize, await details(cluster)]).toEqual([payloadSize, await details(oracle)]);
  }
  for (const apiKey of ['', 'a', 'a-key-of-fifteen', 'a-key-of-more-than-twenty', null]) {
    const details = async (server: Server) => (await run(server, 'POST', '/export', { ...none, apiKey })).details;
    expect([apiKey, await details(cluster)]).toEqual([apiKey, await details(oracle)]);
  }
});

it('tries again while the target cannot be reached, and ends when cancelled', async () => {
  const target = await startTarget();
  try {
    target.answer(() => 503);
    const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'POST', '/export', { url: target.url });
    while (target.requests < 2) await sleep(20);
    target.answer(null);
    expect(await ended(cluster, taskUid)).toMatchObject({ status: 'succeeded' });
    expect(target.documents('books')).toHaveLength(documents.length);

    target.answer(() => 503);
    const again = await sendJson<{ taskUid: number }>(cluster, 'POST', '/export', { url: target.url });
    const before = target.requests;
    while (target.requests === before) await sleep(20);
    await run(cluster, 'POST', `/tasks/cancel?uids=${again.taskUid}`);
    expect(await ended(cluster, again.taskUid)).toMatchObject({ status: 'canceled', error: null });
    expect(readdirSync(cluster.config.dumps?.dir ?? '')).toEqual([]);
  } finally {
    await target.stop();
  }
});
