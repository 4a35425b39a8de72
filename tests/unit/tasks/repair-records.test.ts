import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import type { RepairTask } from '../../../src/store/records.ts';
import { type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
const node = (id: string) => cluster.nodes.get(id)!;
const path = `/indexes/${movies.physicalUid}/documents`;

beforeAll(initHash);
afterEach(() => cluster.close());

describe('the log of missed writes', () => {
  it('has the documents of each write from the first one on, per shard', async () => {
    cluster = await startFakeCluster(3);
    node('b').up = false;
    await cluster.write([0, 1], { touched: new Map([[0, ['x', 'y']]]) });
    await cluster.write([0], { touched: null });
    const entry = { indexId: 1, nodeId: 'b', shard: 0 };
    expect(await cluster.store.missedWrites(1, 0, 'b')).toEqual([
      { ...entry, taskUid: 0, ids: ['x', 'y'], first: true },
      { ...entry, taskUid: 1, ids: null, first: false },
    ]);
    expect(await cluster.store.missedWrites(1, 1, 'b')).toEqual([
      { ...entry, shard: 1, taskUid: 0, ids: [], first: true },
    ]);
    expect(await cluster.store.missedWrites(1, 0, 'a')).toEqual([]);
  });

  it('does not begin with a copy that was stale before, nor name very many documents', async () => {
    cluster = await startFakeCluster(3);
    const mark = {
      indexId: 1,
      shard: 0,
      nodeId: 'b',
      since: '2026-01-01T00:00:00Z',
      reason: 'r',
      cause: 'missed' as const,
    };
    await cluster.store.commit([{ kind: 'putStale', record: mark }]);
    await cluster.crash();
    node('b').up = false;
    const many = Array.from({ length: 10_001 }, (_, i) => String(i));
    await cluster.write([0], { touched: new Map([[0, many]]) });
    expect(await cluster.store.missedWrites(1, 0, 'b')).toMatchObject([{ ids: null, first: false }]);
  });
});

describe('requests of repairs among those of clients', () => {
  /** A client's write whose answer from node `a` is lost in a crash, with a repair's request before and after it on the node. */
  async function interrupted(repairs: (before: number, after: number | null) => RepairTask[]) {
    cluster = await startFakeCluster(3);
    await cluster.write([0]);
    const before = node('a').tasks.length;
    await node('a').request({ method: 'POST', path, body: '[]' });
    node('a').behaviour = 'lose-answer';
    void cluster.write([0]).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    node('a').behaviour = 'accept';
    const after = node('a').tasks.length;
    await node('a').request({ method: 'POST', path, body: '[]' });
    for (const record of repairs(before, after)) await cluster.store.commit([{ kind: 'putRepairTask', record }]);
    await cluster.crash();
    await cluster.ended(1);
  }
  const repair = (seq: number, afterTask: number, nodeTaskUid: number | null): RepairTask => ({
    nodeId: 'a',
    indexId: 1,
    seq,
    afterTask,
    nodeTaskUid,
  });

  it('are told apart after a crash by what was written down', async () => {
    await interrupted((before, after) => [repair(1, 0, before), repair(2, 1, after)]);
    const parts = await cluster.store.parts(1);
    expect(parts.find((part) => part.nodeId === 'a')).toMatchObject({ nodeTaskUid: 2, status: 'succeeded' });
    expect(node('a').tasks.length).toBe(4);
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('make what came behind a lost answer count as missed, and it is not sent twice', async () => {
    await interrupted((_before, after) => [repair(1, 0, null), repair(2, 1, after)]);
    const parts = await cluster.store.parts(1);
    expect(parts.find((part) => part.nodeId === 'a')).toMatchObject({ nodeTaskUid: null, status: 'unknown' });
    expect(node('a').tasks.length).toBe(4);
    expect(cluster.copies.stale()).toMatchObject([{ nodeId: 'a', shard: 0 }]);
    expect((await cluster.store.task(1))?.status).toBe('succeeded');
  });
});

describe('a node with another disk', () => {
  it('is found by the first task that it gives a uid it has given before', async () => {
    const found: string[] = [];
    cluster = await startFakeCluster(2, ['a', 'b'], undefined, { onOtherDisk: (id) => found.push(id) });
    for (let i = 0; i < 3; i++) await cluster.ended((await cluster.write([0])).uid);
    node('a').tasks.length = 1;
    const { uid } = await cluster.write([0]);
    await cluster.ended(uid);
    expect(found).toEqual(['a']);
    const parts = await cluster.store.parts(uid);
    expect(parts.find(({ nodeId }) => nodeId === 'a')).toMatchObject({ status: 'unknown', nodeTaskUid: null });
    expect(cluster.copies.stale()).toMatchObject([{ nodeId: 'a', shard: 0 }]);
    await cluster.ended((await cluster.write([0])).uid);
    expect(found).toEqual(['a']);
  });

  it('is found so by the next process, too, and by what repairs sent', async () => {
    const found: string[] = [];
    cluster = await startFakeCluster(2, ['a', 'b'], undefined, { onOtherDisk: (id) => found.push(id) });
    for (let i = 0; i < 3; i++) await cluster.ended((await cluster.write([0])).uid);
    await cluster.crash();
    node('a').tasks.length = 1;
    await cluster.ended((await cluster.write([0])).uid);
    expect(found).toEqual(['a']);
    await cluster.ended((await cluster.write([0])).uid);
    cluster.engine.nodeHas('a', 7);
    await cluster.ended((await cluster.write([0])).uid);
    expect(found).toEqual(['a', 'a']);
  });

  it('has missed what it took of a task that other nodes are still being sent', async () => {
    cluster = await startFakeCluster(2, ['a', 'b']);
    const b = node('b');
    const request = b.request.bind(b);
    let letPass = () => {};
    const passing = new Promise<void>((resolve) => {
      letPass = resolve;
    });
    b.request = (asked) => passing.then(() => request(asked));
    const writing = cluster.write([0]);
    await vi.waitFor(() => expect(node('a').tasks).toHaveLength(1));
    await cluster.engine.loseNode('a');
    letPass();
    const { uid } = await writing;
    await cluster.ended(uid);
    const parts = await cluster.store.parts(uid);
    expect(parts.find(({ nodeId }) => nodeId === 'a')).toMatchObject({ status: 'missed', nodeTaskUid: null });
    expect(cluster.copies.stale()).toMatchObject([{ nodeId: 'a', shard: 0 }]);
  });

  it('has missed what it had accepted and not done', async () => {
    cluster = await startFakeCluster(2, ['a', 'b']);
    node('a').outcome = null;
    const { uid } = await cluster.write([0]);
    await cluster.engine.loseNode('a');
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(cluster.copies.stale()).toMatchObject([{ nodeId: 'a', shard: 0 }]);
  });
});
