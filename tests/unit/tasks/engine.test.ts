import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
const node = (id: string) => cluster.nodes.get(id)!;
const everyShard = [0, 1, 2, 3];

beforeAll(initHash);
afterEach(() => cluster.close());

describe('a write', () => {
  it('reaches every copy once and ends when all nodes are done', async () => {
    cluster = await startFakeCluster(2);
    const { uid, degraded } = await cluster.write(everyShard);
    await cluster.ended(uid);
    expect(degraded).toBeNull();
    expect(await cluster.store.task(uid)).toMatchObject({
      status: 'succeeded',
      details: '{"receivedDocuments":1,"indexedDocuments":1}',
    });
    expect([...cluster.nodes.values()].map((n) => n.tasks.length)).toEqual([1, 1, 1]);
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('numbers tasks without gaps under concurrency and keeps their order on every node', async () => {
    cluster = await startFakeCluster(3);
    const answers = await Promise.all(Array.from({ length: 40 }, () => cluster.write(everyShard)));
    expect(answers.map((answer) => answer.uid)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    await cluster.ended(39);
    for (const { uid } of answers) {
      const parts = await cluster.store.parts(uid);
      expect(parts.map((part) => part.nodeTaskUid)).toEqual([uid, uid, uid]);
    }
  });

  it('marks the copies of a node that did not take it before it is acknowledged', async () => {
    cluster = await startFakeCluster(2);
    node('b').behaviour = 'refuse-connection';
    const { uid, degraded } = await cluster.write(everyShard);
    expect((await cluster.store.staleCopies()).every((mark) => mark.nodeId === 'b')).toBe(true);
    expect((await cluster.store.staleCopies()).length).toBeGreaterThan(0);
    expect(degraded).toMatchObject({ groups: [0] });
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
  });

  it('is refused, with nothing sent, when a shard has no node up', async () => {
    cluster = await startFakeCluster(1);
    node('a').up = false;
    await expect(cluster.write(everyShard)).rejects.toMatchObject({ code: 'miroir_shard_unavailable' });
    expect(node('b').tasks).toEqual([]);
    expect(await cluster.store.task(0)).toBeNull();
  });

  it('is not acknowledged, and its task fails, when the only copy of a shard did not take it', async () => {
    cluster = await startFakeCluster(1);
    node('a').behaviour = 'refuse-connection';
    await expect(cluster.write(everyShard)).rejects.toMatchObject({ code: 'miroir_write_incomplete' });
    expect(await cluster.store.staleCopies()).toEqual([]);
    await cluster.ended(0);
    const task = await cluster.store.task(0);
    expect(task?.status).toBe('failed');
    expect(JSON.parse(task?.error ?? '{}')).toMatchObject({ code: 'miroir_write_incomplete' });
  });
});

describe('a node that fails alone', () => {
  it('makes its copies stale when it failed what the others did', async () => {
    cluster = await startFakeCluster(3);
    node('c').outcome = () => ({ error: { message: 'disk full', code: 'no_space_left_on_device' } });
    const { uid } = await cluster.write([0, 1]);
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(cluster.copies.stale().map(({ nodeId, shard }) => [nodeId, shard])).toEqual([
      ['c', 0],
      ['c', 1],
    ]);
  });

  it('lags, unread, when it went away with accepted work, and is in sync again once it did it', async () => {
    cluster = await startFakeCluster(3);
    node('c').outcome = null;
    const { uid } = await cluster.write(everyShard);
    node('c').up = false;
    await cluster.ended(uid);
    expect(cluster.copies.isLagging(movies.id, 'c')).toBe(true);
    await cluster.crash();
    expect(cluster.copies.isLagging(movies.id, 'c')).toBe(true);
    node('c').up = true;
    node('c').outcome = () => 'succeeded';
    for (let i = 0; i < 300 && cluster.copies.isLagging(movies.id, 'c'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(cluster.copies.isLagging(movies.id, 'c')).toBe(false);
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('has stale copies when it forgot what it had accepted', async () => {
    cluster = await startFakeCluster(3);
    node('c').outcome = null;
    const { uid } = await cluster.write([2]);
    node('c').tasks.length = 0;
    await cluster.ended(uid);
    expect(cluster.copies.stale()).toMatchObject([{ nodeId: 'c', shard: 2 }]);
  });
});

describe('after a crash', () => {
  it('recognises what a node took and sends the rest', async () => {
    cluster = await startFakeCluster(3);
    await cluster.write([0]);
    node('b').behaviour = 'lose-answer';
    node('c').behaviour = 'hang';
    void cluster.write(everyShard).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    node('b').behaviour = 'accept';
    node('c').behaviour = 'accept';
    await cluster.crash();
    await cluster.ended(1);
    expect((await cluster.store.task(1))?.status).toBe('succeeded');
    expect([...cluster.nodes.values()].map((n) => n.tasks.length)).toEqual([2, 2, 2]);
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('fails a task whose payload is gone, and keeps the copies that took it apart', async () => {
    cluster = await startFakeCluster(1);
    for (const n of cluster.nodes.values()) n.behaviour = 'hang';
    const big = 'x'.repeat(100_000);
    const request = { method: 'POST', path: `/indexes/${movies.physicalUid}/documents`, body: big } as const;
    const parts = [{ nodeId: 'a', step: 'documents', shards: [0], counts: false, request }];
    void cluster.write([0], { parts }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const n of cluster.nodes.values()) n.behaviour = 'accept';
    await cluster.crash();
    await cluster.ended(0);
    const task = await cluster.store.task(0);
    expect(JSON.parse(task?.error ?? '{}')).toMatchObject({ code: 'miroir_task_interrupted' });
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('goes on with tasks that were handed out', async () => {
    cluster = await startFakeCluster(2);
    for (const n of cluster.nodes.values()) n.outcome = null;
    const { uid } = await cluster.write(everyShard);
    await cluster.crash();
    for (const n of cluster.nodes.values()) n.outcome = () => 'succeeded';
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
  });
});

describe('settings', () => {
  const settingsPlan = () => {
    const request = { method: 'PATCH', path: `/indexes/${movies.physicalUid}/settings`, body: '{"new":1}' } as const;
    const parts = ['a', 'b', 'c'].map((nodeId) => ({ nodeId, step: 'settings', shards: null, counts: false, request }));
    return { type: 'settingsUpdate', details: {}, effect: { settings: { stopWords: ['x'] } }, parts };
  };
  const restore = () => {
    const request = { method: 'PATCH', path: `/indexes/${movies.physicalUid}/settings`, body: '{"old":1}' } as const;
    return ['a', 'b', 'c'].map((nodeId) => ({ nodeId, step: 'rollback', shards: null, counts: false, request }));
  };

  it('are committed under a new version when every node took them', async () => {
    cluster = await startFakeCluster(2);
    const { uid } = await cluster.write([], settingsPlan());
    await cluster.ended(uid);
    expect(cluster.catalog.visible('movies')?.settingsVersion).toBe(1);
  });

  it('are rolled back everywhere when one node refuses them', async () => {
    const commit = async () => Promise.reject(new Error('must not be committed'));
    cluster = await startFakeCluster(2, ['a', 'b', 'c'], { commit, restore, recreate: () => [] });
    let refused = false;
    node('b').outcome = () => {
      if (refused) return 'succeeded';
      refused = true;
      return { error: { message: 'no', code: 'invalid_settings_stop_words' } };
    };
    const { uid } = await cluster.write([], settingsPlan());
    await cluster.ended(uid);
    const task = await cluster.store.task(uid);
    expect(task?.status).toBe('failed');
    expect(JSON.parse(task?.error ?? '{}')).toMatchObject({ message: 'no' });
    expect([...cluster.nodes.values()].map((n) => n.tasks.length)).toEqual([2, 2, 2]);
    expect(cluster.copies.stale()).toEqual([]);
    expect(cluster.catalog.visible('movies')?.settingsVersion).toBe(0);
  });
});

describe('a cancellation', () => {
  it('ends what it can and says how much', async () => {
    cluster = await startFakeCluster(2);
    for (const n of cluster.nodes.values()) n.outcome = null;
    const { uid } = await cluster.write(everyShard);
    await cluster.engine.acceptance.accept('*', async () => ({
      type: 'taskCancelation',
      indexUid: null,
      index: null,
      details: { matchedTasks: 1, canceledTasks: null, originalFilter: '?uids=0' },
      verdict: null,
      effect: { cancelTasks: [uid] },
      catalog: [],
      parts: [],
    }));
    await cluster.ended(1);
    expect(await cluster.store.task(uid)).toMatchObject({ status: 'canceled', canceledBy: 1 });
    expect(JSON.parse((await cluster.store.task(1))?.details ?? '{}')).toMatchObject({ canceledTasks: 1 });
  });
});

describe('names', () => {
  it('change together and older tasks follow', async () => {
    cluster = await startFakeCluster(1);
    const first = await cluster.write([0]);
    await cluster.ended(first.uid);
    const names = [{ id: movies.id, from: 'movies', to: 'films' }];
    const renamed = { kind: 'putIndex', record: { ...movies, acceptedUid: 'films' } } as const;
    const rename = await cluster.write([], {
      type: 'indexSwap',
      indexUid: null,
      details: {},
      effect: { names },
      catalog: [renamed],
      parts: [],
    });
    await cluster.ended(rename.uid);
    expect(cluster.catalog.visible('films')?.id).toBe(movies.id);
    expect(cluster.catalog.visible('movies')).toBeNull();
    expect((await cluster.store.task(first.uid))?.indexUid).toBe('films');
  });
});
