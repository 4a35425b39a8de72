import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, nodeMasterKey, startCluster } from '../support/cluster.ts';
import { type Server, sendJson, waitForTask, write } from '../support/http.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards: 4, config: { tasks: { node_retention: '1s' } } });
});
afterAll(() => cluster?.stop());

const nodes = (): Server[] => cluster.nodes.map(({ address }) => ({ address, masterKey: nodeMasterKey }));
const countOf = async (server: Server) => (await sendJson<{ total: number }>(server, 'GET', '/tasks?limit=1')).total;

test('nodes forget ended tasks while clients still see theirs, and tasks of others stay', async () => {
  const foreign = nodes()[0] as Server;
  await write(foreign, { method: 'POST', path: '/indexes', body: '{"uid":"not-miroirs"}' });
  await write(cluster, { method: 'POST', path: '/indexes', body: '{"uid":"m","primaryKey":"id"}' });
  let last = 0;
  for (let i = 0; i < 200; i++) {
    const body = Array.from({ length: 4 }, (_, j) => ({ id: 4 * i + j }));
    last = (await sendJson<{ taskUid: number }>(cluster, 'POST', '/indexes/m/documents', body)).taskUid;
  }
  expect((await waitForTask(cluster, last)).status).toBe('succeeded');
  for (const deadline = Date.now() + 100_000; ; await sleep(100)) {
    const left = await Promise.all(nodes().map(countOf));
    if (left.every((count) => count < 110)) break;
    if (Date.now() > deadline) throw new Error(`nodes still hold ${left} tasks`);
  }
  expect(await sendJson(foreign, 'GET', '/tasks/0')).toMatchObject({ indexUid: 'not-miroirs' });
  expect(await countOf(cluster)).toBe(201);
  // Writing goes on as before.
  const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'DELETE', '/indexes/m/documents/1');
  expect(await waitForTask(cluster, taskUid)).toMatchObject({ status: 'succeeded', details: { deletedDocuments: 1 } });
  const stats = await sendJson<{ numberOfDocuments: number }>(cluster, 'GET', '/indexes/m/stats');
  expect(stats.numberOfDocuments).toBe(799);
}, 240_000);
