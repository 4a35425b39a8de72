import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import type { AdminTopology } from '../../src/placement/admin-types.ts';
import { adminKey, type Cluster, startCluster } from '../support/cluster.ts';
import { products } from '../support/corpus.ts';
import { send, write } from '../support/http.ts';
import { type SlowFront, startSlowFront } from '../support/slow-front.ts';

/** Real nodes that hang or become slow under a steady stream of searches. Shares and ratios are asserted, no milliseconds. */

const shop = products(2_000, 5);
const perSecond = 50;
/** Milliseconds by which a slow copy is late. */
const slowness = 500;

interface Subject extends Cluster {
  fronts: Map<string, SlowFront>;
}

let undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

async function start(): Promise<Subject> {
  const fronts = new Map<string, SlowFront>();
  const cluster = await startCluster({
    nodes: 3,
    replicationFactor: 2,
    shards: 12,
    config: { log: { level: 'info' } },
    async front(node) {
      const front = await startSlowFront(node);
      fronts.set(node.id, front);
      undo.unshift(() => front.close());
      return front.address;
    },
  });
  undo.push(() => cluster.stop());
  const body = `[${shop.documents.join(',')}]`;
  await write(cluster, { method: 'POST', path: '/indexes/p/documents?primaryKey=id', body });
  return { ...cluster, fronts };
}

interface Search {
  ms: number;
  status: number;
  /** The shards that the answer lacks, as it says itself; null when it is complete. */
  lacks: string | null;
}

/** Sends searches at a steady rate, whatever becomes of them, for a while; resolves when the last one has ended. */
async function searchFor(subject: Subject, ms: number): Promise<Search[]> {
  const agent = new Agent({ connections: 256 });
  const words = shop.vocabulary.words;
  const searches: Promise<Search>[] = [];
  const one = async (i: number): Promise<Search> => {
    const started = performance.now();
    const answer = await request(`${subject.address}/indexes/p/search`, {
      method: 'POST',
      headers: { authorization: `Bearer ${subject.masterKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ q: words[(i * 31) % words.length], limit: 5 + (i % 7) }),
      dispatcher: agent,
      headersTimeout: 60_000,
    });
    await answer.body.dump();
    const degraded = answer.headers['x-miroir-degraded'];
    const lacks = degraded === undefined ? null : String(degraded);
    return { ms: performance.now() - started, status: answer.statusCode, lacks };
  };
  const begun = performance.now();
  for (let i = 0; performance.now() - begun < ms; i++) {
    searches.push(one(i));
    await sleep(Math.max(0, begun + ((i + 1) * 1_000) / perSecond - performance.now()));
  }
  const results = await Promise.all(searches);
  await agent.close();
  return results;
}

function quantile(searches: readonly Search[], share: number): number {
  const sorted = searches.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Whether the machine answers evenly enough for shares to be told apart from its own noise. */
const isQuiet = (baseline: readonly Search[]) => quantile(baseline, 0.99) < slowness / 2;

const summary = (name: string, searches: readonly Search[]) =>
  `${name}: ${searches.length} searches, median ${quantile(searches, 0.5).toFixed(0)} ms, ` +
  `p99 ${quantile(searches, 0.99).toFixed(0)} ms, worst ${quantile(searches, 1).toFixed(0)} ms`;

async function nodeState(subject: Subject, id: string) {
  const answer = await send(subject, {
    method: 'GET',
    path: '/_miroir/topology',
    headers: { authorization: `Bearer ${adminKey}` },
  });
  const { groups } = JSON.parse(answer.text) as AdminTopology;
  return groups.flatMap(({ nodes }) => nodes).find((node) => node.id === id);
}

const metric = async (subject: Subject, name: string) => {
  const answer = await send(subject, {
    method: 'GET',
    path: '/_miroir/metrics',
    headers: { authorization: `Bearer ${adminKey}` },
  });
  return answer.text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

const counts = (subject: Subject) => new Map([...subject.fronts].map(([id, front]) => [id, front.searches()]));

const total = (sent: ReadonlyMap<string, number>) => [...sent.values()].reduce((sum, count) => sum + count, 0);

/** Each node's share of the searches sent to nodes since. */
function sharesSince(subject: Subject, before: ReadonlyMap<string, number>): Map<string, number> {
  const sent = [...counts(subject)].map(([id, count]) => [id, count - (before.get(id) ?? 0)] as const);
  const total = sent.reduce((sum, [, count]) => sum + count, 0);
  return new Map(sent.map(([id, count]) => [id, count / total]));
}

/** Seconds until `check` holds, asked four times a second while searches go on; fails after `limit` seconds. */
async function secondsUntil(check: () => Promise<boolean>, limit: number): Promise<number> {
  const begun = performance.now();
  while (!(await check())) {
    if (performance.now() - begun > limit * 1_000) throw new Error(`still not so after ${limit} s`);
    await sleep(250);
  }
  return (performance.now() - begun) / 1_000;
}

/** What Miroir said of its nodes, for people who have to find out why an answer was not complete. */
function nodeEvents(subject: Subject): string {
  const lines = readFileSync(join(subject.folder, 'miroir.log'), 'utf8').split('\n');
  return lines.filter((line) => line.includes('"node":"')).join('\n');
}

function expectComplete(subject: Subject, searches: readonly Search[]): void {
  const bad = searches.filter(({ status, lacks }) => status !== 200 || lacks !== null);
  expect(bad, nodeEvents(subject)).toEqual([]);
}

describe('searches', () => {
  test('do not notice that a node hangs, and use it again when it wakes', async () => {
    const subject = await start();
    await searchFor(subject, 2_000);
    const atRest = counts(subject);
    const baseline = await searchFor(subject, 6_000);
    const rest = sharesSince(subject, atRest);
    const fanOut = (total(counts(subject)) - total(atRest)) / baseline.length;
    console.log(summary('at rest', baseline), `fan-out ${fanOut.toFixed(2)}`, rest);
    for (const share of rest.values()) expect(share).toBeGreaterThan(isQuiet(baseline) ? 0.2 : 0.02);

    const victim = subject.nodes[1]!;
    process.kill(victim.pid, 'SIGSTOP');
    undo.push(async () => process.kill(victim.pid, 'SIGCONT'));
    const beforeHang = counts(subject);
    const hung = searchFor(subject, 10_000);
    const noticed = await secondsUntil(async () => (await nodeState(subject, victim.id))?.state !== 'up', 10);
    const hanging = await hung;
    console.log(summary('hung', hanging), `noticed after ${noticed.toFixed(1)} s`);
    expectComplete(subject, hanging);
    expect(await nodeState(subject, victim.id)).toMatchObject({
      reason: expect.stringContaining('answer'),
      until: expect.any(String),
    });
    const requests = total(counts(subject)) - total(beforeHang);
    // two nodes for each search, and a tenth more at most besides what a burst may cost
    expect(requests).toBeLessThan(2.2 * hanging.length + 50);
    // nobody waited for the node to time out
    expect(quantile(hanging, 1)).toBeLessThan(Math.max(5_000 / 2, 2 * quantile(baseline, 1)));
    expect(quantile(hanging, 0.5)).toBeLessThan(3 * quantile(baseline, 0.99));

    process.kill(victim.pid, 'SIGCONT');
    const before = counts(subject);
    const waking = searchFor(subject, 12_000);
    const back = await secondsUntil(async () => (sharesSince(subject, before).get(victim.id) ?? 0) > 0.05, 30);
    const woken = await waking;
    console.log(summary('woken', woken), `read again after ${back.toFixed(1)} s`);
    expectComplete(subject, woken);
  }, 180_000);

  test('leave a copy that became slow, and come back when it is quick again', async () => {
    const subject = await start();
    const victim = subject.nodes[2]!.id;
    await searchFor(subject, 1_000);
    const baseline = await searchFor(subject, 4_000);
    subject.fronts.get(victim)?.delayBy(slowness);
    const before = counts(subject);
    const sent = async () =>
      (await metric(subject, 'miroir_hedges_total')) + (await metric(subject, 'miroir_scatter_retries_total'));
    const extraBefore = await sent();
    const slow = await searchFor(subject, 10_000);
    const share = sharesSince(subject, before).get(victim) ?? 1;
    const extra = (await sent()) - extraBefore;
    console.log(summary('slow', slow), `share of the slow node ${share.toFixed(3)}, extra ${extra}`);
    expectComplete(subject, slow);
    expect(share).toBeLessThan(isQuiet(baseline) ? 0.1 / 3 : 1 / 3);

    subject.fronts.get(victim)?.delayBy(0);
    const healed = counts(subject);
    const healing = searchFor(subject, 15_000);
    const back = await secondsUntil(async () => (sharesSince(subject, healed).get(victim) ?? 0) > 0.1, 30);
    await healing;
    console.log(`read again after ${back.toFixed(1)} s`);
  }, 180_000);
});
