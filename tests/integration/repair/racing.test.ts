import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../support/cluster.ts';
import { send, sendJson, waitForTask } from '../../support/http.ts';
import { createRng } from '../../support/rng.ts';
import { copiesEqual, documents, healed, nodesOf, noticedDown, quick } from './support.ts';

const built = existsSync(join(import.meta.dirname, '../../../dist/main.js'));

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  cluster = await startCluster({ nodes: 3, replicationFactor: 2, shards: 6, config: { health: quick }, ...options });
  return cluster;
}

/** Clients that write, update and delete without a pause, each its own documents; tells what must be there in the end. */
function writers(subject: Cluster, count: number) {
  const rng = createRng(11);
  const expected = new Map<number, string | null>();
  const tasks: number[] = [];
  let stopped = false;
  async function client(number: number): Promise<void> {
    for (let round = 0; !stopped; round++) {
      const id = 1_000 + number + count * rng.int(40);
      const kind = rng.int(4);
      const text = `round ${round}`;
      const raw =
        kind === 0
          ? ({ method: 'DELETE', path: `/indexes/p/documents/${id}` } as const)
          : ({
              method: kind === 1 ? 'PUT' : 'POST',
              path: '/indexes/p/documents',
              body: JSON.stringify([{ id, text }]),
            } as const);
      const answer = await send(subject, raw).catch(() => null);
      // what was not acknowledged may have been done or not: this document is not looked at any more
      if (answer?.status !== 202) {
        expected.delete(id);
        unsure.add(id);
        continue;
      }
      tasks.push((JSON.parse(answer.text) as { taskUid: number }).taskUid);
      expected.set(id, kind === 0 ? null : text);
    }
  }
  const unsure = new Set<number>();
  const running = Array.from({ length: count }, (_, i) => client(i));
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
      const last = tasks.at(-1);
      if (last !== undefined) await waitForTask(subject, Math.max(...tasks));
      for (const id of unsure) expected.delete(id);
      return expected;
    },
  };
}

async function lookUp(subject: Cluster, expected: ReadonlyMap<number, string | null>): Promise<void> {
  for (const [id, text] of expected) {
    const answer = await send(subject, { method: 'GET', path: `/indexes/p/documents/${id}` });
    const got = answer.status === 404 ? null : (JSON.parse(answer.text) as { text: string }).text;
    expect([id, got]).toEqual([id, text]);
  }
}

describe('repairs while clients write', () => {
  test('end, lose nothing and bring nothing back', async () => {
    const subject = await start();
    const body = JSON.stringify(documents(0, 400, 'first'));
    const { taskUid } = await sendJson<{ taskUid: number }>(subject, 'POST', '/indexes/p/documents', JSON.parse(body));
    await waitForTask(subject, taskUid);
    await subject.nodes[0]?.stop('SIGKILL');
    await noticedDown(subject, 'node-0');
    const clients = writers(subject, 3);
    await sleep(1_500);
    await subject.nodes[0]?.restart();
    await healed(subject, 150_000);
    const expected = await clients.stop();
    expect(expected.size).toBeGreaterThan(5);
    await healed(subject);
    await lookUp(subject, expected);
    await copiesEqual(subject, 'p');
  }, 300_000);
});

describe.runIf(built)('a kill in the middle of a repair', () => {
  test.each(['Miroir', 'target', 'source'] as const)(
    'of the %s',
    async (victim) => {
      const subject = await start({
        miroir: 'child',
        config: { health: quick, rebalance: { docs_per_second: 400 } },
      });
      const bulk = async (from: number, to: number, text: string) => {
        const { taskUid } = await sendJson<{ taskUid: number }>(
          subject,
          'POST',
          '/indexes/p/documents',
          documents(from, to, text),
        );
        await waitForTask(subject, taskUid);
      };
      await bulk(0, 900, 'first');
      await subject.nodes[0]?.stop('SIGKILL');
      await noticedDown(subject, 'node-0');
      await bulk(300, 1_200, 'second');
      // the log of missed writes does not help over another disk, so that the repair takes a while
      await sendJson(subject, 'POST', '/indexes/p/documents/delete', { filter: '_miroir_nothing = 1' }).catch(
        () => null,
      );
      await subject.nodes[0]?.restart();
      for (let looks = 0; looks < 200; looks++) {
        const stale = (await nodesOf(subject)).flatMap((node) => node.staleCopies);
        if (stale.some(({ repair }) => repair !== null && repair.compared > 0)) break;
        await sleep(20);
      }
      if (victim === 'Miroir') {
        await subject.process?.stop('SIGKILL');
        await subject.process?.restart();
      } else {
        const node = subject.nodes[victim === 'target' ? 0 : 1];
        await node?.stop('SIGKILL');
        await sleep(300);
        await node?.restart();
      }
      await healed(subject, 150_000);
      expect(await copiesEqual(subject, 'p')).toBe(1_200);
      const { totalHits } = await sendJson<{ totalHits: number }>(subject, 'POST', '/indexes/p/search', {
        q: 'second',
        hitsPerPage: 1,
      });
      expect(totalHits).toBe(900);
    },
    300_000,
  );
});
