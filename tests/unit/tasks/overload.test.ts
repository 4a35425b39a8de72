import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { createWaiting } from '../../../src/tasks/waiting.ts';
import { type FakeCluster, startFakeCluster } from './fake-cluster.ts';

describe('waiting writes', () => {
  it('are bounded per queue, and places are given back', () => {
    const waiting = createWaiting(2);
    const leave = waiting.enter(['a', 'b']);
    waiting.enter(['a']);
    const refusal = { code: 'miroir_overloaded', headers: { 'retry-after': '1' } };
    expect(() => waiting.enter(['a'])).toThrow(expect.objectContaining(refusal));
    expect(() => waiting.enter(['b', 'a'])).toThrow(expect.objectContaining(refusal));
    waiting.enter(['b']);
    leave();
    waiting.enter(['a', 'b']);
  });
});

describe('the write path', () => {
  let cluster: FakeCluster;
  beforeAll(initHash);
  afterEach(() => cluster.close());

  it('sheds what exceeds the places of an index, and takes writes again afterwards', async () => {
    cluster = await startFakeCluster(2, undefined, undefined, { maxWaiting: 5 });
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => cluster.write([0])));
    const taken = settled.filter(({ status }) => status === 'fulfilled');
    expect(taken.length).toBe(5);
    for (const one of settled) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'miroir_overloaded', status: 503 });
    }
    expect((await cluster.write([0])).uid).toBe(5);
  });

  it('takes no more tasks than may be unfinished, but cancellations', async () => {
    cluster = await startFakeCluster(2, undefined, undefined, { maxUnfinished: 2 });
    for (const n of cluster.nodes.values()) n.outcome = null;
    await cluster.write([0]);
    await cluster.write([0]);
    await expect(cluster.write([0])).rejects.toMatchObject({
      code: 'miroir_overloaded',
      message: expect.stringContaining('tasks.max_unfinished'),
    });
    await cluster.engine.acceptance.accept('*', async () => ({
      type: 'taskCancelation',
      indexUid: null,
      index: null,
      details: { matchedTasks: 2, canceledTasks: null, originalFilter: '' },
      verdict: null,
      effect: { cancelTasks: [0, 1] },
      catalog: [],
      parts: [],
    }));
    await cluster.ended(2);
    for (const n of cluster.nodes.values()) n.outcome = () => 'succeeded';
    expect((await cluster.write([0])).uid).toBe(3);
  });
});
