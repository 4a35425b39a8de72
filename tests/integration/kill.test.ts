import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.ts';
import { payloads, products } from '../support/corpus.ts';
import { type Server, send, sendJson, waitForTask, write } from '../support/http.ts';
import type { MiroirProcess } from '../support/miroir-process.ts';

/** Real processes, killed without warning. Runs what `npm run build` made. */
const built = existsSync(join(import.meta.dirname, '../../dist/main.js'));

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const quick = { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 };

async function start(options: ClusterOptions): Promise<Cluster & { process: MiroirProcess }> {
  cluster = await startCluster({ miroir: 'child', ...options, config: { health: quick, ...options.config } });
  if (cluster.process === null) throw new Error('expected a child process');
  return { ...cluster, process: cluster.process };
}

const shop = products(6_000, 3);

async function postDocuments(server: Server, body: string): Promise<number> {
  const answer = await send(server, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body });
  expect(answer.status).toBe(202);
  return (JSON.parse(answer.text) as { taskUid: number }).taskUid;
}

async function countOf(server: Server): Promise<number> {
  const stats = await sendJson<{ numberOfDocuments: number }>(server, 'GET', '/indexes/p/stats');
  return stats.numberOfDocuments;
}

const search = (server: Server, body: unknown) =>
  send(server, { method: 'POST', path: '/indexes/p/search', body: JSON.stringify(body) });

/** Wait until `check` holds; throws with what it last saw. */
async function eventually<T>(read: () => Promise<T>, check: (seen: T) => boolean, timeoutMs = 30_000): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(100)) {
    const seen = await read();
    if (check(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still not so: ${JSON.stringify(seen).slice(0, 400)}`);
  }
}

describe.runIf(built)('a kill in the middle', () => {
  test('of Miroir: the accepted task ends as if nothing had happened', async () => {
    const subject = await start({ nodes: 2, shards: 8 });
    await write(subject, { method: 'POST', path: '/indexes', body: '{"uid":"p","primaryKey":"id"}' });
    const uids: number[] = [];
    for (const body of payloads(shop.documents, 2_000)) uids.push(await postDocuments(subject, body));
    await subject.process.stop('SIGKILL');
    await subject.process.restart();
    for (const uid of uids) {
      const task = await waitForTask(subject, uid);
      expect(task).toMatchObject({
        status: 'succeeded',
        error: null,
        details: { receivedDocuments: 2_000, indexedDocuments: 2_000 },
      });
    }
    expect(await countOf(subject)).toBe(shop.documents.length);
  }, 180_000);

  test('of a node: the task waits for its return and ends', async () => {
    const subject = await start({ nodes: 2, shards: 8 });
    const uid = await postDocuments(subject, `[${shop.documents.slice(0, 4_000).join(',')}]`);
    await subject.nodes[1]?.stop('SIGKILL');
    await sleep(500);
    await subject.nodes[1]?.restart();
    const task = await waitForTask(subject, uid);
    expect(task).toMatchObject({ status: 'succeeded', details: { receivedDocuments: 4_000, indexedDocuments: 4_000 } });
    expect(await countOf(subject)).toBe(4_000);
  }, 180_000);

  test('of Miroir while many write: every acknowledged document is there', async () => {
    const subject = await start({ nodes: 2, replicationFactor: 2, shards: 8 });
    await write(subject, { method: 'POST', path: '/indexes', body: '{"uid":"p","primaryKey":"id"}' });
    const acknowledged: { id: number; taskUid: number }[] = [];
    let next = 0;
    let killed = false;
    const writer = async () => {
      while (!killed) {
        const id = next++;
        const answer = await send(subject, {
          method: 'POST',
          path: '/indexes/p/documents',
          body: JSON.stringify([{ id, text: `written ${id}` }]),
        }).catch(() => null);
        if (answer?.status === 202) {
          acknowledged.push({ id, taskUid: (JSON.parse(answer.text) as { taskUid: number }).taskUid });
        }
      }
    };
    const writers = Array.from({ length: 6 }, writer);
    await eventually(
      async () => acknowledged.length,
      (count) => count >= 60,
    );
    await subject.process.stop('SIGKILL');
    killed = true;
    await Promise.all(writers);
    await subject.process.restart();
    expect(new Set(acknowledged.map((one) => one.taskUid)).size).toBe(acknowledged.length);
    for (const { id, taskUid } of acknowledged) {
      expect((await waitForTask(subject, taskUid)).status).toBe('succeeded');
      const document = await send(subject, { method: 'GET', path: `/indexes/p/documents/${id}` });
      expect([id, document.status]).toEqual([id, 200]);
    }
    const found = await sendJson<{ totalHits: number }>(subject, 'POST', '/indexes/p/search', { page: 1 });
    expect(found.totalHits).toBeGreaterThanOrEqual(Math.min(acknowledged.length, 1_000));
  }, 180_000);
});

describe.runIf(built)('a node that stays away', () => {
  test('is not missed when there is a second copy', async () => {
    const subject = await start({ nodes: 3, replicationFactor: 2, shards: 12 });
    await waitForTask(subject, await postDocuments(subject, `[${shop.documents.slice(0, 900).join(',')}]`));
    const before = JSON.parse((await search(subject, { q: 'the', limit: 50 })).text) as { hits: unknown };
    await subject.nodes[0]?.stop('SIGKILL');
    for (let i = 0; i < 20; i++) {
      const answer = await search(subject, { q: 'the', limit: 50 });
      expect(answer.status).toBe(200);
      expect(answer.headers['x-miroir-degraded']).toBeUndefined();
      expect((JSON.parse(answer.text) as { hits: unknown }).hits).toEqual(before.hits);
    }
  }, 120_000);

  test('leaves a marked hole when there is none', async () => {
    const subject = await start({ nodes: 3, shards: 12 });
    await waitForTask(subject, await postDocuments(subject, `[${shop.documents.slice(0, 900).join(',')}]`));
    await subject.nodes[0]?.stop('SIGKILL');
    const answer = await search(subject, { page: 1 });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-miroir-degraded']).toMatch(/^shards=\d+(,\d+)*$/);
    const { totalHits } = JSON.parse(answer.text) as { totalHits: number };
    expect(totalHits).toBeGreaterThan(0);
    expect(totalHits).toBeLessThan(900);
  }, 120_000);

  test('makes searches fail when the policy says so', async () => {
    const subject = await start({ nodes: 2, shards: 12, config: { search: { unavailable_shards: 'error' } } });
    await waitForTask(subject, await postDocuments(subject, `[${shop.documents.slice(0, 300).join(',')}]`));
    await subject.nodes[0]?.stop('SIGKILL');
    const answer = await search(subject, {});
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'miroir_shard_unavailable' });
    await subject.nodes[0]?.restart();
    const healed = await eventually(
      () => search(subject, { page: 1 }),
      (seen) => seen.status === 200,
    );
    expect(JSON.parse(healed.text)).toMatchObject({ totalHits: 300 });
  }, 120_000);
});
