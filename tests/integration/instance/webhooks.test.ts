import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { sendJson } from '../../support/http.ts';
import { run, startReceiver, type Task } from './support.ts';

let cluster: Cluster;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards: 4 });
});
beforeEach(async () => {
  receiver = await startReceiver();
  return () => receiver.stop();
});
afterAll(async () => {
  await cluster?.stop();
});

async function withHook(headers: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const hook = await sendJson<{ uuid: string }>(cluster, 'POST', '/webhooks', {
    url: `${receiver.url}/in?x=1`,
    headers,
  });
  await work();
  await fetch(`${cluster.address}/webhooks/${hook.uuid}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${cluster.masterKey}` },
  });
}

it('posts each ended task once, as one server would', async () => {
  const earlier = await run(cluster, 'POST', '/indexes', { uid: 'earlier' });
  await withHook({ authorization: 'Bearer secret', 'x-umlaut': 'ü€' }, async () => {
    const tasks: Task[] = [];
    tasks.push(await run(cluster, 'POST', '/indexes', { uid: 'm' }));
    tasks.push(await run(cluster, 'POST', '/indexes/m/documents', [{ id: 1 }]));
    tasks.push(await run(cluster, 'POST', '/indexes', { uid: 'm' }));
    tasks.push(await run(cluster, 'POST', '/tasks/cancel?uids=0'));
    const uids = tasks.map(({ uid }) => uid);
    await receiver.waitFor(uids);
    expect(receiver.uids().sort((a, b) => a - b)).toEqual(uids);
    expect(receiver.uids()).not.toContain(earlier.uid);
    expect(receiver.deliveries.flatMap((delivery) => delivery.tasks)).toEqual(tasks);
    const { method, path, headers } = receiver.deliveries[0]!;
    expect({ method, path }).toEqual({ method: 'POST', path: '/in?x=1' });
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers.authorization).toBe('Bearer secret');
    expect(Buffer.from(headers['x-umlaut'] as string, 'latin1').toString()).toBe('ü€');
  });
});

it('gathers tasks that end together, and tries again when the receiver fails', async () => {
  let refusals = 2;
  receiver.answer(() => (refusals-- > 0 ? 503 : 200));
  await withHook({}, async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        sendJson<{ taskUid: number }>(cluster, 'POST', '/indexes/m/documents', [{ id: i }]),
      ),
    );
    const uids = answers.map(({ taskUid }) => taskUid).sort((a, b) => a - b);
    await receiver.waitFor(uids);
    expect(receiver.uids().sort((a, b) => a - b)).toEqual(uids);
    expect(receiver.deliveries.length).toBeLessThan(30);
  });
  const metrics = await sendText('/_miroir/metrics');
  expect(metrics).toMatch(/miroir_webhook_deliveries_total\{outcome="delivered"\} \d+/);
  expect(metrics).toMatch(/miroir_webhook_deliveries_total\{outcome="retried"\} 2/);
});

async function sendText(path: string): Promise<string> {
  const answer = await fetch(cluster.address + path, { headers: { authorization: 'Bearer the-admin-key-for-tests' } });
  return answer.text();
}
