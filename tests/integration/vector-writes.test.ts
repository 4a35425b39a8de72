import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { diffAnswers } from '../support/compare.ts';
import { type Server, send, type TaskView, waitForTask, write } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';

/** Writes of documents with vectors on Miroir and on one server: the same tasks, the same documents afterwards. */

let oracle: Oracle;
let cluster: Cluster;
const uids: string[] = [];

beforeAll(async () => {
  oracle = await startOracle();
  cluster = await startCluster({ nodes: 2, replicationFactor: 1, groups: 2, shards: 8 });
});
afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

const one = { embedders: { m: { source: 'userProvided', dimensions: 2 } } };
const two = { embedders: { ...one.embedders, k: { source: 'userProvided', dimensions: 1 } } };

/** One write: documents by POST or PUT. */
type Step = ['POST' | 'PUT', string];

async function outcome(server: Server, uid: string, [method, body]: Step): Promise<string> {
  const path = `/indexes/${uid}/documents?primaryKey=id`;
  const answer = await send(server, { method, path, body });
  if (answer.status !== 202) return `${answer.status} ${answer.text}`;
  const { status, error, details } = (await waitForTask(
    server,
    (JSON.parse(answer.text) as { taskUid: number }).taskUid,
  )) as TaskView;
  return `${status} ${JSON.stringify(details)} ${error?.code} ${error?.message}`;
}

async function fresh(settings: object): Promise<string> {
  const uid = `v${uids.length}`;
  uids.push(uid);
  const change = { method: 'PATCH' as const, path: `/indexes/${uid}/settings`, body: JSON.stringify(settings) };
  await Promise.all([write(oracle, change), write(cluster, change)]);
  return uid;
}

/** What reading the documents answers, by every route that shows vectors. */
const reads = (uid: string) => [
  { method: 'GET' as const, path: `/indexes/${uid}/documents?retrieveVectors=true&limit=100` },
  { method: 'GET' as const, path: `/indexes/${uid}/documents?limit=100` },
  { method: 'GET' as const, path: `/indexes/${uid}/documents/1?retrieveVectors=true` },
  { method: 'GET' as const, path: `/indexes/${uid}/documents/1?retrieveVectors=true&fields=id` },
  {
    method: 'POST' as const,
    path: `/indexes/${uid}/documents/fetch`,
    body: '{"ids":[1,2,3],"retrieveVectors":true,"fields":["id","_vectors","a"]}',
  },
  { method: 'GET' as const, path: `/indexes/${uid}/stats` },
];

const loose = new Set(['rawDocumentDbSize', 'avgDocumentSize']);

/** A list in the order of ids: Miroir lists documents as they were last written. */
function byId({ status, text }: { status: number; text: string }) {
  const body = JSON.parse(text) as { results?: { id: number }[] };
  body.results?.sort((a, b) => a.id - b.id);
  return { status, text: JSON.stringify(body) };
}

async function compare(settings: object, steps: readonly Step[]): Promise<void> {
  const uid = await fresh(settings);
  for (const step of steps) {
    const [expected, got] = await Promise.all([outcome(oracle, uid, step), outcome(cluster, uid, step)]);
    expect([steps, got]).toEqual([steps, expected]);
  }
  for (const read of reads(uid)) {
    const [expected, got] = await Promise.all([send(oracle, read), send(cluster, read)]);
    expect([read, diffAnswers(byId(expected), byId(got), { loose })]).toEqual([read, []]);
  }
}

/** What a document may have been before. */
const before = ['[1,2]', 'null', '{"embeddings":[1,2],"regenerate":true}'];
/** What is written over it; each changes the document, since a copy on a node always changes. */
const after = [
  ...['"a":1', '"a":1,"_vectors":{}', '"a":1,"_vectors":{"x":[1]}', '"a":1,"_vectors":{"m":{"regenerate":true}}'],
  ...['"a":1,"_vectors":{"m":{"regenerate":false}}', '"_vectors":{"m":null}', '"_vectors":{"m":[[3,4],[5,6]]}'],
  ...['"_vectors":{"m":[1]}', '"_vectors":null'],
];

describe('writes with vectors, against one server', () => {
  it('over documents with vectors, without, and with vectors to be made anew', async () => {
    const cases = before.flatMap((value) =>
      after.flatMap((fields) => (['POST', 'PUT'] as const).map((method) => ({ value, fields, method }))),
    );
    const stored = cases.map(({ value }, id) => `{"id":${id},"_vectors":{"m":${value}}}`);
    const writes = cases.map(({ fields, method }, id): Step => [method, `[{"id":${id},${fields}}]`]);
    await compare(one, [['POST', `[${stored.join(',')}]`], ...writes]);
  }, 600_000);

  it('fails a batch as a whole when one document is new and has no vectors', async () => {
    for (const method of ['POST', 'PUT'] as const) {
      await compare(one, [
        ['POST', '[{"id":1,"_vectors":{"m":[1,2]}},{"id":2,"_vectors":{"m":[1,2]}},{"id":3,"_vectors":{"m":null}}]'],
        [method, '[{"id":1,"a":1},{"id":4,"a":1},{"id":3,"a":1},{"id":5}]'],
        [method, '[{"id":1,"a":2},{"id":2,"a":3}]'],
      ]);
    }
  }, 300_000);

  it('keeps the vectors of embedders that a write does not name', async () => {
    await compare(two, [
      ['POST', '[{"id":1,"_vectors":{"m":[1,2],"k":[3],"x":[9]}},{"id":2,"_vectors":{"m":[1,2],"k":null}}]'],
      ['PUT', '[{"id":1,"_vectors":{"m":[5,6]}}]'],
      ['POST', '[{"id":2,"_vectors":{"k":[7]},"a":1}]'],
      ['POST', '[{"id":3,"_vectors":{"k":[7]},"a":1}]'],
    ]);
  }, 300_000);

  it('judges a batch by what earlier tasks leave, though they have not ended', async () => {
    const uid = await fresh({});
    const patch = { method: 'PATCH' as const, path: `/indexes/${uid}/settings`, body: JSON.stringify(one) };
    const documents = { method: 'POST' as const, path: `/indexes/${uid}/documents?primaryKey=id` };
    const requests = [
      { ...documents, body: '[{"id":1,"_vectors":{"m":[1,2]}},{"id":2,"_vectors":{"m":[1,2]}}]' },
      patch,
      { method: 'DELETE' as const, path: `/indexes/${uid}/documents/2` },
      { ...documents, method: 'PUT' as const, body: '[{"id":1,"a":1}]' },
      { ...documents, method: 'PUT' as const, body: '[{"id":2,"a":1}]' },
      { ...documents, body: '[{"id":3,"_vectors":{"m":[1]}}]' },
    ];
    const accept = async (server: Server, request: (typeof requests)[number]) =>
      (JSON.parse((await send(server, request)).text) as { taskUid: number }).taskUid;
    const end = async (server: Server, task: number) => {
      const { status, error } = await waitForTask(server, task);
      return `${status} ${error?.message}`;
    };
    // One server is given time: tasks that it takes together fail together.
    const expected: string[] = [];
    for (const request of requests) expected.push(await end(oracle, await accept(oracle, request)));
    const tasks: number[] = [];
    for (const request of requests) tasks.push(await accept(cluster, request));
    const got = await Promise.all(tasks.map((task) => end(cluster, task)));
    expect(got).toEqual(expected);
    expect(expected.filter((line) => line.startsWith('failed'))).toHaveLength(2);
  }, 300_000);
});
