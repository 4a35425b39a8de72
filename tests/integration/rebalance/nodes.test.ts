import { afterEach, describe, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { allIsRight, atRest, operate, placementNow, planOf, startWorld, type World } from './support.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  world = await startWorld(options);
  return world;
}

const holding = (placement: string[][], node: string) =>
  placement.flatMap((nodes, shard) => (nodes.includes(node) ? [shard] : []));

describe('under load', () => {
  test('a node joins, hands everything over, and takes it back', async () => {
    const subject = await start();
    const spare = await subject.spare('node-3');
    const load = startLoad(subject.cluster, subject.oracle);
    const before = await placementNow(subject);
    const body = { id: 'node-3', address: spare.address };
    const plan = await planOf(subject, 'POST', '/_miroir/nodes', body);
    expect(await placementNow(subject)).toEqual(before);
    await operate(subject, 'POST', '/_miroir/nodes', body);
    await atRest(subject);
    const joined = await placementNow(subject);
    const moved = holding(joined, 'node-3');
    expect(moved.length).toBeGreaterThan(0);
    expect(plan.copies).toBe(moved.length);
    for (const [shard, nodes] of joined.entries()) if (!moved.includes(shard)) expect(nodes).toEqual(before[shard]);

    await operate(subject, 'POST', '/_miroir/nodes/node-1/drain');
    await atRest(subject);
    const drained = await placementNow(subject);
    expect(holding(drained, 'node-1')).toEqual([]);

    await operate(subject, 'POST', '/_miroir/nodes/node-1/activate');
    await atRest(subject);
    expect(await placementNow(subject)).toEqual(joined);
    await load.stop();
    await allIsRight(subject);
  }, 900_000);

  test('a node is replaced, which moves exactly what it held, and another leaves', async () => {
    const subject = await start({ replicationFactor: 2 });
    const spare = await subject.spare('node-3');
    const load = startLoad(subject.cluster, subject.oracle);
    const before = await placementNow(subject);
    await operate(subject, 'POST', '/_miroir/nodes/node-0/replace', { id: 'node-3', address: spare.address });
    await atRest(subject);
    const renamed = before.map((nodes) => nodes.map((node) => (node === 'node-0' ? 'node-3' : node)).sort());
    expect(await placementNow(subject)).toEqual(renamed);

    await operate(subject, 'DELETE', '/_miroir/nodes/node-1');
    await atRest(subject);
    expect(await placementNow(subject)).toEqual(before.map(() => ['node-2', 'node-3']));
    await load.stop();
    await allIsRight(subject);
  }, 900_000);

  test('the replication factor goes from 1 to 2 and back', async () => {
    const subject = await start();
    const load = startLoad(subject.cluster, subject.oracle);
    const before = await placementNow(subject);
    await operate(subject, 'PUT', '/_miroir/replication-factor', { replicationFactor: 2 });
    await atRest(subject);
    const doubled = await placementNow(subject);
    for (const [shard, nodes] of doubled.entries()) {
      expect(nodes).toHaveLength(2);
      expect(nodes).toEqual(expect.arrayContaining(before[shard] as string[]));
    }
    await operate(subject, 'PUT', '/_miroir/replication-factor', { replicationFactor: 1 });
    await atRest(subject);
    expect(await placementNow(subject)).toEqual(before);
    await load.stop();
    await allIsRight(subject);
  }, 900_000);

  test('a group comes and goes', async () => {
    const subject = await start({ nodes: 2 });
    const spares = await Promise.all(['node-2', 'node-3'].map((id) => subject.spare(id)));
    const load = startLoad(subject.cluster, subject.oracle);
    const before = await placementNow(subject);
    const nodes = spares.map(({ id, address }) => ({ id, address }));
    await operate(subject, 'POST', '/_miroir/groups', { nodes });
    await atRest(subject);
    for (const copies of await placementNow(subject)) expect(copies).toHaveLength(2);
    await operate(subject, 'DELETE', '/_miroir/groups/1');
    await atRest(subject);
    expect(await placementNow(subject)).toEqual(before);
    await load.stop();
    await allIsRight(subject);
  }, 900_000);
});

test('a node that left may come back under another name, with all that it still has', async () => {
  const subject = await start();
  const load = startLoad(subject.cluster, subject.oracle);
  await operate(subject, 'DELETE', '/_miroir/nodes/node-2');
  await atRest(subject);
  const address = subject.nodes.get('node-2')?.address;
  (subject.nodes as Map<string, unknown>).set('again', subject.nodes.get('node-2'));
  await operate(subject, 'POST', '/_miroir/nodes', { id: 'again', address });
  await atRest(subject);
  await load.stop();
  await allIsRight(subject);
}, 900_000);
