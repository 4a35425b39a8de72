import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { NodeClient } from '../../../src/nodes/client.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { createNodePruning } from '../../../src/tasks/node-pruning.ts';
import { endedTask, newPart } from '../store/records.ts';

let stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

const day = Date.parse('2024-05-02T00:00:00Z');

/** A node's task list, as far as deletions go. */
function fakeNode() {
  const uids = new Set<number>();
  const deletions: number[][] = [];
  let next = 0;
  const take = () => {
    uids.add(next);
    return next++;
  };
  let failing = false;
  const client: NodeClient = {
    id: 'n1',
    async request({ method, path }) {
      if (failing) throw new Error('down');
      expect(method).toBe('DELETE');
      const named = (new URL(path, 'http://n').searchParams.get('uids') ?? '').split(',').map(Number);
      deletions.push(named);
      for (const uid of named) uids.delete(uid);
      return { status: 200, text: JSON.stringify({ taskUid: take() }) };
    },
    async close() {},
  };
  return {
    uids,
    /** The next task's uid, of a write or a deletion. */
    take,
    deletions,
    client,
    fail(value: boolean) {
      failing = value;
    },
  };
}

async function fill(store: Store, node: ReturnType<typeof fakeNode>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const part = newPart({ nodeId: 'n1', nodeTaskUid: node.take(), status: 'succeeded' });
    await store.createTask(endedTask('2024-05-01T00:00:00Z', { indexId: 1 }), [part], []);
  }
}

function start(store: Store, node: ReturnType<typeof fakeNode>, atLeast: number) {
  const pruning = createNodePruning({
    store,
    view: { groups: () => [0], nodes: () => ['n1'], up: () => true },
    clients: { get: () => node.client },
    retentionMs: 3_600_000,
    now: () => day,
    log: pino({ level: 'silent' }),
    pauseMs: 1,
    atLeast,
  });
  stops.push(() => pruning.stop());
  pruning.start();
  return pruning;
}

async function until(reached: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !reached(); await new Promise((resolve) => setTimeout(resolve, 2))) {
    if (Date.now() > deadline) throw new Error('not reached');
  }
}

test('deletes all but the newest, its own deletions with the next, and goes on after failures', async () => {
  const store = await openSqliteStore({ path: ':memory:', synchronous: 'normal' });
  stops.push(() => store.close());
  const node = fakeNode();
  node.fail(true);
  await fill(store, node, 2_500);
  const pruning = start(store, node, 1);
  node.fail(false);
  // Of 2,500 all but the newest, in batches of 1,000 at most; deletions are newer than that and stay.
  await until(() => node.deletions.length === 3);
  expect(node.deletions.map((uids) => uids.length)).toEqual([1_000, 1_000, 499]);
  expect([...node.uids].sort((a, b) => a - b)).toEqual([2_499, 2_500, 2_501, 2_502]);
  await fill(store, node, 1);
  await until(() => node.deletions.length === 4);
  expect(node.deletions[3]).toEqual([2_499, 2_500, 2_501, 2_502]);
  await pruning.stop();
  expect(await store.disposableNodeTasks('n1', '2030-01-01T00:00:00Z', 10)).toEqual([]);
});

test('waits until a deletion is worth its own task', async () => {
  const store = await openSqliteStore({ path: ':memory:', synchronous: 'normal' });
  stops.push(() => store.close());
  const node = fakeNode();
  await fill(store, node, 50);
  start(store, node, 50);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(node.deletions).toEqual([]);
  await fill(store, node, 1);
  await until(() => node.deletions.length === 1);
  expect(node.deletions[0]).toHaveLength(50);
});
