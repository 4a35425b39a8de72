import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Server, sendJson, waitForTask } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';

/** The addition that would create an index is cancelled while others wait behind it: what one Meilisearch makes of them. */
let cluster: Cluster;
let oracle: Oracle;

beforeAll(async () => {
  [cluster, oracle] = await Promise.all([startCluster({ nodes: 3, replicationFactor: 2, shards: 4 }), startOracle()]);
}, 60_000);
afterAll(() => Promise.all([cluster?.stop(), oracle?.stop()]));

const text = 'a text that takes a while to be indexed '.repeat(8);
const slow = Array.from({ length: 20_000 }, (_, id) => ({ id, text: `${text}${id}` }));

async function accept(server: Server, method: 'POST' | 'PATCH' | 'PUT', path: string, body?: unknown): Promise<number> {
  return (await sendJson<{ taskUid: number }>(server, method, path, body)).taskUid;
}

/** What became of the tasks, and of the index. */
async function outcome(server: Server, index: string) {
  const path = `/indexes/${index}`;
  const busy = await accept(server, 'POST', '/indexes/busy/documents', slow);
  const first = await accept(server, 'POST', `${path}/documents`, [{ id: 1, a: 1 }]);
  const behind = [
    await accept(server, 'POST', `${path}/documents/delete-batch`, [9]),
    await accept(server, 'POST', `${path}/documents`, [
      { id: 2, a: 1 },
      { id: 3, a: 2 },
    ]),
    await accept(server, 'PATCH', `${path}/settings`, { filterableAttributes: ['a'], stopWords: ['the'] }),
    await accept(server, 'PUT', `${path}/documents`, [{ id: 3, b: 1 }]),
  ];
  await accept(server, 'POST', `/tasks/cancel?uids=${first}`);
  const tasks = [];
  for (const uid of [first, ...behind]) {
    const { type, status, error, details } = await waitForTask(server, uid);
    tasks.push({ type, status, error, details });
  }
  await waitForTask(server, busy);
  const fetched = await sendJson<{ results: { id: number }[] }>(server, 'POST', `${path}/documents/fetch`, {
    filter: 'a > 0',
  });
  return {
    tasks,
    documents: fetched.results.sort((x, y) => x.id - y.id),
    settings: await sendJson(server, 'GET', `${path}/settings`),
    primaryKey: (await sendJson<{ primaryKey: string }>(server, 'GET', path)).primaryKey,
  };
}

test('the next addition creates the index, as in one Meilisearch', async () => {
  // a node that is quick may have begun before the cancellation comes: then another index is tried
  for (let attempt = 1; ; attempt++) {
    const index = `books${attempt}`;
    const [ours, theirs] = [await outcome(cluster, index), await outcome(oracle, index)];
    const canceled = [ours, theirs].every(({ tasks }) => tasks[0]?.status === 'canceled');
    if (!canceled && attempt < 4) continue;
    expect(ours).toEqual(theirs);
    expect(ours.tasks.map(({ status }) => status)).toEqual([
      'canceled',
      'failed',
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    return;
  }
}, 240_000);
