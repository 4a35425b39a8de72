import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { type Behaviour, type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
const node = (id: string) => cluster.nodes.get(id)!;
const everyShard = [0, 1, 2, 3];

beforeAll(initHash);
afterEach(() => cluster.close());

/** Write something that can be told from other writes, to every copy. */
function writeBody(body: string, path = 'documents') {
  const request = { method: 'POST', path: `/indexes/${movies.physicalUid}/${path}`, body } as const;
  const step = path.endsWith('edit') ? 'edit' : 'documents';
  const parts = ['a', 'b', 'c'].map((nodeId) => ({ nodeId, step, shards: everyShard, counts: false, request }));
  return cluster.write([], { parts });
}
const bodies = (id: string) => node(id).tasks.map((task) => task.body);

describe('a write whose answer is lost', () => {
  it.each<Behaviour>(['cut-after', 'timeout-after', 'html'])('is found among the node’s tasks (%s)', async (how) => {
    cluster = await startFakeCluster(3);
    await writeBody('1');
    node('b').script.push(how);
    const { uid, degraded } = await writeBody('2');
    expect(degraded).toBeNull();
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(bodies('b')).toEqual(['1', '2']);
    expect((await cluster.store.parts(uid)).map((part) => part.nodeTaskUid)).toEqual([1, 1, 1]);
    expect(cluster.copies.stale()).toEqual([]);
    expect(cluster.lostAnswers).toEqual(['found']);
  });

  it('is found by the very first write to an index, too', async () => {
    cluster = await startFakeCluster(3);
    node('b').script.push('cut-after');
    const { uid, degraded } = await writeBody('1');
    expect(degraded).toBeNull();
    await cluster.ended(uid);
    expect(bodies('b')).toEqual(['1']);
  });

  it('is sent again when it was cut off and is not there', async () => {
    cluster = await startFakeCluster(3);
    node('b').script.push('cut-before', 'cut-before');
    const { uid, degraded } = await writeBody('1');
    expect(degraded).toBeNull();
    await cluster.ended(uid);
    expect(bodies('b')).toEqual(['1']);
    expect(cluster.lostAnswers).toEqual(['resent', 'resent']);
  });

  it('is not sent again if that could count twice', async () => {
    cluster = await startFakeCluster(3);
    node('b').script.push('cut-before');
    const { degraded } = await writeBody('1', 'documents/edit');
    expect(degraded).toEqual({ groups: [0], shards: everyShard });
    expect(bodies('b')).toEqual([]);
    expect(new Set(cluster.copies.stale().map(({ nodeId }) => nodeId))).toEqual(new Set(['b']));
  });

  it('is not taken for one that was given up before and may still arrive', async () => {
    cluster = await startFakeCluster(3);
    node('b').script.push('cut-before', 'timeout-after');
    const first = await writeBody('1', 'documents/edit');
    const second = await writeBody('2');
    expect(first.degraded).not.toBeNull();
    expect(second.degraded).not.toBeNull();
    const part = (await cluster.store.parts(second.uid)).find(({ nodeId }) => nodeId === 'b');
    expect(part).toMatchObject({ status: 'unknown', nodeTaskUid: null });
  });

  it('shows late: the copies are stale, and what follows keeps its order', async () => {
    cluster = await startFakeCluster(3);
    node('b').script.push('late');
    const writes = [writeBody('1'), writeBody('2'), writeBody('3')];
    const answers = await Promise.all(writes);
    await cluster.ended(2);
    expect(answers.map(({ uid }) => uid)).toEqual([0, 1, 2]);
    expect(bodies('b')).toEqual(['1', '2', '3']);
    expect(bodies('a')).toEqual(['1', '2', '3']);
  });

  it('makes the copies stale, before the acknowledgement, when the node cannot be asked', async () => {
    cluster = await startFakeCluster(3);
    node('b').behaviour = 'lose-answer';
    const write = writeBody('1');
    await vi.waitFor(() => expect(node('b').tasks).toHaveLength(1));
    node('b').silent = true;
    const { degraded } = await write;
    expect(degraded).toEqual({ groups: [0], shards: everyShard });
    expect(await cluster.store.staleCopies()).toHaveLength(4);
    expect((await cluster.store.parts(0)).find((part) => part.nodeId === 'b')?.status).toBe('unknown');
    expect(cluster.lostAnswers).toEqual(['given_up']);
  });

  it('is not waited for, once probes say that the node is down, nor are the writes behind it', async () => {
    cluster = await startFakeCluster(3, undefined, undefined, { writeTimeoutMs: 3_600_000 });
    node('b').silent = true;
    const answers = await Promise.all([writeBody('1'), writeBody('2'), writeBody('3')]);
    expect(answers.every(({ degraded }) => degraded !== null)).toBe(true);
    expect(bodies('a')).toEqual(['1', '2', '3']);
  });
});

describe('what else writes to a node', () => {
  const repair = async () => {
    const path = `/indexes/${movies.physicalUid}/documents`;
    await node('b').request({ method: 'POST', path, body: 'repair' });
  };

  it('goes in line with writes, and is not taken for one of them', async () => {
    cluster = await startFakeCluster(3, undefined, undefined, { resends: 0 });
    await writeBody('1');
    const line = cluster.engine.inLine('b', movies.physicalUid, async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await repair();
    });
    node('b').script.push('accept', 'cut-before');
    const { uid } = await writeBody('2');
    await line;
    expect(bodies('b')).toEqual(['1', 'repair']);
    const part = (await cluster.store.parts(uid)).find(({ nodeId }) => nodeId === 'b');
    expect(part).toMatchObject({ status: 'unknown', nodeTaskUid: null });
  });

  it('leaves doubt when it fails', async () => {
    cluster = await startFakeCluster(3, undefined, undefined, { resends: 0 });
    const failing = cluster.engine.inLine('b', movies.physicalUid, () => Promise.reject(new Error('lost')));
    await expect(failing).rejects.toThrow('lost');
    node('b').script.push('cut-after');
    expect((await writeBody('1')).degraded).not.toBeNull();
  });
});

describe('a node that declines a write which others took', () => {
  it.each<Behaviour>(['disk-full', 'server-error', 'bad-request'])('has stale copies (%s)', async (how) => {
    cluster = await startFakeCluster(3);
    node('c').behaviour = how;
    const { uid, degraded } = await writeBody('1');
    expect(degraded).not.toBeNull();
    expect(new Set((await cluster.store.staleCopies()).map(({ nodeId }) => nodeId))).toEqual(new Set(['c']));
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(bodies('c')).toEqual([]);
  });
});

describe('a write that every node', () => {
  it('finds wrong is the client’s error', async () => {
    cluster = await startFakeCluster(3);
    for (const n of cluster.nodes.values()) n.behaviour = 'bad-request';
    await expect(writeBody('1')).rejects.toMatchObject({ code: 'invalid_document_filter', status: 400 });
    expect(cluster.copies.stale()).toEqual([]);
    await cluster.ended(0);
    expect((await cluster.store.task(0))?.status).toBe('failed');
  });

  it('has no room for is not acknowledged, and no copy is worse than another', async () => {
    cluster = await startFakeCluster(3);
    for (const n of cluster.nodes.values()) n.behaviour = 'disk-full';
    await expect(writeBody('1')).rejects.toMatchObject({
      code: 'miroir_write_incomplete',
      message: expect.stringContaining('No node took any of it'),
    });
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('left unanswered leaves one copy to go by', async () => {
    cluster = await startFakeCluster(3, undefined, undefined, { resends: 0 });
    for (const n of cluster.nodes.values()) n.behaviour = 'cut-before';
    await expect(writeBody('1')).rejects.toMatchObject({
      code: 'miroir_write_incomplete',
      message: expect.stringContaining('may show'),
    });
    expect(new Set(cluster.copies.stale().map(({ nodeId }) => nodeId))).toEqual(new Set(['b', 'c']));
  });
});

describe('after a crash', () => {
  it('a write is not sent again to a node that cannot tell whether it has it', async () => {
    cluster = await startFakeCluster(3);
    await writeBody('1');
    node('b').behaviour = 'lose-answer';
    void writeBody('2').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    node('b').up = false;
    await cluster.crash();
    node('b').up = true;
    node('b').behaviour = 'accept';
    await cluster.ended(1);
    expect((await cluster.store.task(1))?.status).toBe('succeeded');
    expect(bodies('b')).toEqual(['1', '2']);
    expect(new Set(cluster.copies.stale().map(({ nodeId }) => nodeId))).toEqual(new Set(['b']));
  });

  it('nothing that followed a miss is taken for what was missed', async () => {
    cluster = await startFakeCluster(3);
    await writeBody('1');
    // b misses the second write; its record waits for a, which does not answer; the third must wait at b
    node('b').script.push('disk-full');
    node('a').behaviour = 'lose-answer';
    void writeBody('2').catch(() => undefined);
    void writeBody('3').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bodies('b')).toEqual(['1']);
    node('a').behaviour = 'accept';
    await cluster.crash();
    await cluster.ended(2);
    expect(bodies('b')).toEqual(['1', '2', '3']);
    expect(bodies('a')).toEqual(['1', '2', '3']);
    expect(cluster.copies.stale()).toEqual([]);
  });
});
