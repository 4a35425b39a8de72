import { afterEach, expect, test } from 'vitest';
import { sendJson, write } from '../../support/http.ts';
import { allDocuments, startLoad, uid } from '../rebalance/load.ts';
import { allIsRight, askAdmin, placementNow, startWorld, type World } from '../rebalance/support.ts';
import { both, eventually, searchesEqual } from '../repair/support.ts';
import { abortReshard, indexesOnNodes, reshardIs, reshardTo, rollBack } from './support.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** A world in which copying takes some seconds. */
async function slowWorld(): Promise<World> {
  world = await startWorld({ nodes: 2, shards: 4, config: { rebalance: { docs_per_second: 300 } } });
  return world;
}

const halfWay = (subject: World) => reshardIs(subject, ({ step, copied }) => step === 'copying' && copied > 0);
/** Documents are on their way; with few of them, all are there at the same moment, and there is no half. */
const copying = (subject: World) =>
  reshardIs(subject, ({ step, documents }) => step === 'copying' && documents.done > 0);

test('an abort half-way leaves the index as it was, and nothing else behind', async () => {
  const subject = await slowWorld();
  const before = [await placementNow(subject), await indexesOnNodes(subject)];
  const load = startLoad(subject.cluster, subject.oracle);
  expect((await askAdmin(subject, 'DELETE', `/_miroir/indexes/${uid}/reshard`)).status).toBe(409);
  expect((await askAdmin(subject, 'POST', `/_miroir/indexes/${uid}/reshard`, { shards: 4 })).status).toBe(409);
  expect((await askAdmin(subject, 'POST', `/_miroir/indexes/${uid}/reshard`, { shards: 0 })).status).toBe(400);
  expect((await askAdmin(subject, 'POST', `/_miroir/indexes/${uid}/reshard`, { shards: 4_097 })).status).toBe(400);
  expect((await askAdmin(subject, 'POST', '/_miroir/indexes/none/reshard', { shards: 8 })).status).toBe(404);
  await reshardTo(subject, 16);
  expect((await askAdmin(subject, 'POST', `/_miroir/indexes/${uid}/reshard`, { shards: 8 })).status).toBe(409);
  const { documents } = await halfWay(subject);
  expect(documents.total).toBeGreaterThan(0);
  expect((await indexesOnNodes(subject))[0]).toHaveLength(2);
  expect(await abortReshard(subject)).toMatchObject({ state: 'dropping', shards: 4 });
  await reshardIs(subject, ({ state }) => state === 'idle');
  expect([await placementNow(subject), await indexesOnNodes(subject)]).toEqual(before);
  await load.stop();
  await allIsRight(subject);
}, 400_000);

test('an index that is renamed, then deleted, takes its shadow along', async () => {
  const subject = await slowWorld();
  const { cluster, oracle } = subject;
  const add = (index: string, id: number) =>
    both(cluster, oracle, {
      method: 'POST',
      path: `/indexes/${index}/documents`,
      body: JSON.stringify([{ id, kind: 'new' }]),
    });
  await both(cluster, oracle, { method: 'POST', path: '/indexes', body: '{"uid":"other","primaryKey":"id"}' });
  await reshardTo(subject, 10);
  await halfWay(subject);
  await both(cluster, oracle, {
    method: 'POST',
    path: '/swap-indexes',
    body: JSON.stringify([{ indexes: [uid, 'other'] }]),
  });
  await add('other', 1);
  const { shards } = await eventually(
    () => askAdmin(subject, 'GET', '/_miroir/indexes/other/reshard').then(({ text }) => JSON.parse(text)),
    ({ state }) => state === 'kept',
  );
  expect(shards).toBe(10);
  await add('other', 2);
  expect(await allDocuments(cluster, 'other')).toEqual(await allDocuments(oracle, 'other'));
  await searchesEqual(cluster, oracle, 'other', [{ q: 'words', limit: 1_000 }]);
  expect((await indexesOnNodes(subject)).map((names) => names.length)).toEqual([3, 3]);
  await both(cluster, oracle, { method: 'DELETE', path: '/indexes/other' });
  expect((await askAdmin(subject, 'GET', '/_miroir/indexes/other/reshard')).status).toBe(404);
  await eventually(
    () => indexesOnNodes(subject),
    (nodes) => nodes.every((names) => names.length === 1),
  );
}, 400_000);

test('settings, functions, embeddings and odd numbers come out as on one server', async () => {
  const subject = await slowWorld();
  const { cluster, oracle } = subject;
  type Side = typeof cluster | typeof oracle;
  const writeBoth = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', rest: string, body?: string) =>
    both(cluster, oracle, { method, path: `/indexes/${uid}${rest}`, ...(body === undefined ? {} : { body }) });
  for (const server of [cluster, oracle]) {
    await sendJson(server, 'PATCH', '/experimental-features', { editDocumentsByFunction: true });
  }
  const odd = Array.from(
    { length: 240 },
    (_, i) =>
      `{"big":9007199254740993,"one":1.0,"id":"v${i}","kind":"vector","n":${i},"text":"caf\\u00e9 words",` +
      `"_vectors":{"own":${i % 7 === 0 ? 'null' : `[${i},${240 - i}.5,7e0]`}}}`,
  );
  await writeBoth('DELETE', '/documents');
  await writeBoth('PATCH', '/settings', '{"embedders":{"own":{"source":"userProvided","dimensions":3}}}');
  await writeBoth('POST', '/documents', `[${odd.join(',')}]`);

  await reshardTo(subject, 7);
  await copying(subject);
  const edit = { filter: 'n < 100', function: 'doc.n += 1000; if doc.n % 5 == 0 { doc = () }' };
  await writeBoth('POST', '/documents/edit', JSON.stringify(edit));
  await writeBoth('PATCH', '/settings', '{"stopWords":["of"],"sortableAttributes":["n","color"]}');
  // one server takes all or nothing of it, several what the others had no part in: only its failing is the same
  const failing = { filter: 'n >= 200 AND n < 240', function: 'if doc.n == 231 { throw "no" } doc.n += 1' };
  await writeBoth('POST', '/documents/edit', JSON.stringify(failing));
  await writeBoth('POST', '/documents/delete', '{"filter":"n >= 200 AND n <= 241"}');
  await writeBoth('PUT', '/documents', '[{"id":"v113","more":[1.50]}]');

  await reshardIs(subject, ({ state, shards }) => state === 'kept' && shards === 7);
  await writeBoth('DELETE', '/documents/v115');
  const all = (server: Side) =>
    sendJson<{ results: { id: string }[] }>(server, 'POST', `/indexes/${uid}/documents/fetch`, {
      limit: 1_000,
      retrieveVectors: true,
    }).then(({ results }) => [...results].sort((a, b) => (a.id < b.id ? -1 : 1)));
  const before = await all(oracle);
  expect(before).toHaveLength(179);
  expect(await all(cluster)).toEqual(before);
  const read = (server: Side) => sendJson(server, 'GET', `/indexes/${uid}/settings`);
  expect(await read(cluster)).toEqual(await read(oracle));
  await searchesEqual(cluster, oracle, uid, [{ q: 'words', sort: ['n:desc'], limit: 300 }]);
  // neighbours are approximate, on one server too; the document whose vector it is comes first
  const near = { vector: [61, 179.5, 7], hybrid: { embedder: 'own', semanticRatio: 1 }, limit: 1 };
  const { hits } = await sendJson<{ hits: { id: string }[] }>(cluster, 'POST', `/indexes/${uid}/search`, near);
  expect(hits.map(({ id }) => id)).toEqual(['v61']);

  // going back loses nothing of what was written since
  await writeBoth('POST', '/documents', '[{"id":"after","n":1,"_vectors":{"own":[1,2,3]}}]');
  // and what the former layout has lost behind Miroir's back is noticed
  const [node] = cluster.nodes;
  const former = (await indexesOnNodes(subject))[0]?.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];
  const lost = { method: 'DELETE', path: `/indexes/${former}/documents` } as const;
  await write({ address: node!.address, masterKey: node!.masterKey }, lost);
  await rollBack(subject);
  await reshardIs(subject, ({ error }) => error?.includes('documents') === true);
  await reshardIs(subject, ({ state, shards }) => state === 'kept' && shards === 4);
  expect(await all(cluster)).toEqual(await all(oracle));
}, 400_000);
