import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { sendJson, waitForTask } from '../support/http.ts';

interface Batch {
  uid: number;
  progress: { steps: { currentStep: string; finished: number; total: number }[]; percentage: number } | null;
  finishedAt: string | null;
}

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards: 4 });
});
afterAll(() => cluster?.stop());

test('a running batch shows the steps of a node and moves on, an ended one shows none', async () => {
  const words = Array.from({ length: 3_000 }, (_, i) => `w${(i * 7919).toString(36)}`);
  const documents = Array.from({ length: 15_000 }, (_, id) => ({
    id,
    text: Array.from({ length: 20 }, (_, k) => words[(id * 31 + k * 97) % words.length]).join(' '),
  }));
  const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'POST', '/indexes/m/documents', documents);
  const seen: NonNullable<Batch['progress']>[] = [];
  for (;;) {
    const { results } = await sendJson<{ results: Batch[] }>(cluster, 'GET', `/batches?uids=${taskUid}`);
    const [batch] = results;
    if (batch !== undefined && batch.finishedAt !== null) break;
    if (batch?.progress != null) seen.push(batch.progress);
  }
  await waitForTask(cluster, taskUid);
  expect(await sendJson(cluster, 'GET', `/batches/${taskUid}`)).toMatchObject({ uid: taskUid, progress: null });
  const withSteps = seen.filter(({ steps }) => steps.length > 0);
  expect(withSteps.length).toBeGreaterThan(0);
  expect(new Set(withSteps.map(({ percentage }) => percentage)).size).toBeGreaterThan(1);
  for (const { steps, percentage } of seen) {
    expect(percentage).toBeGreaterThanOrEqual(0);
    expect(percentage).toBeLessThanOrEqual(100);
    for (const { currentStep, finished, total } of steps) {
      expect(currentStep).not.toBe('');
      expect(finished).toBeLessThanOrEqual(total);
    }
  }
}, 200_000);
