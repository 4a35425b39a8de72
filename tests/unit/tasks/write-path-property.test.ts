import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { type Behaviour, type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

beforeAll(initHash);

const faults: Behaviour[] = [
  'cut-after',
  'cut-before',
  'timeout-after',
  'late',
  'disk-full',
  'server-error',
  'html',
  'refuse-connection',
];
/** What the nodes do with the next request of one write, or a crash of Miroir before it. */
const step = fc.record({
  crash: fc.boolean(),
  nodes: fc.tuple(
    ...(['a', 'b', 'c'] as const).map(() =>
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<Behaviour>('accept') },
        { weight: 2, arbitrary: fc.constantFrom(...faults) },
      ),
    ),
  ),
  burst: fc.boolean(),
});

/** Write `body` to all copies; whether it was acknowledged. */
async function write(cluster: FakeCluster, body: string): Promise<boolean> {
  const request = { method: 'POST', path: `/indexes/${movies.physicalUid}/documents`, body } as const;
  const parts = ['a', 'b', 'c'].map((nodeId) => ({ nodeId, step: 'documents', shards: [0], counts: false, request }));
  return cluster.write([], { parts }).then(
    () => true,
    () => false,
  );
}

async function run(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): Promise<void> {
  const cluster = await startFakeCluster(3);
  try {
    const answers: Promise<boolean>[] = [];
    for (const [i, { crash, nodes, burst }] of steps.entries()) {
      if (crash && i % 4 === 3) {
        await Promise.all(answers);
        await cluster.crash();
      }
      for (const [n, id] of ['a', 'b', 'c'].entries()) cluster.nodes.get(id)!.script.push(nodes[n]!);
      answers.push(write(cluster, String(i)));
      if (!burst) await answers.at(-1);
    }
    const acknowledged = (await Promise.all(answers)).flatMap((yes, i) => (yes ? [i] : []));
    // what is late has arrived by then
    await new Promise((resolve) => setTimeout(resolve, 80));
    check(cluster, acknowledged);
  } finally {
    await cluster.close();
  }
}

/** Every copy that may be read holds every acknowledged write, in order, and the same of the others. */
function check(cluster: FakeCluster, acknowledged: readonly number[]): void {
  const readable = [...cluster.nodes.values()].filter(({ id }) => !cluster.copies.isStale(movies.id, 0, id));
  expect(readable.length).toBeGreaterThan(0);
  const held = readable.map((node) => node.tasks.map(({ body }) => Number(body)));
  for (const writes of held) {
    const once = writes.filter((write, i) => acknowledged.includes(write) && writes.indexOf(write) === i);
    expect(once).toEqual(acknowledged);
  }
  const sets = held.map((writes) => [...new Set(writes)].sort((x, y) => x - y));
  for (const set of sets) expect(set).toEqual(sets[0]);
}

it('loses no acknowledged write on any copy that may be read, whatever nodes do (property)', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), run), { seed: 7, numRuns: 25 });
}, 180_000);
