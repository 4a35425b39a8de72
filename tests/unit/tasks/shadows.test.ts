import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asShadow, createCatalog } from '../../../src/indexes/catalog.ts';
import { forBothLayouts } from '../../../src/indexes/prepare.ts';
import { NodeError } from '../../../src/nodes/client.ts';
import { initHash, shardOf } from '../../../src/placement/hash.ts';
import type { IndexRecord } from '../../../src/store/records.ts';
import type { PlannedPart } from '../../../src/tasks/acceptance.ts';
import { type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

const shadow: IndexRecord = {
  ...movies,
  id: 2,
  uid: 'as it was called then',
  physicalUid: 'movies__2',
  shards: 6,
  state: 'shadow',
  shadow: { of: movies.id, phase: 'kept', since: '', startedAt: '', servedUntil: null },
};

let cluster: FakeCluster;

beforeAll(initHash);
beforeEach(async () => {
  cluster = await startFakeCluster(1, ['a']);
  await cluster.store.commit([{ kind: 'putIndex', record: shadow }]);
  await cluster.crash();
});
afterEach(() => cluster.close());

const ids = ['x', 'y', 'z'];
const byShard = (shards: number) => {
  const map = new Map<number, string[]>();
  for (const id of ids) map.set(shardOf(id, shards), [...(map.get(shardOf(id, shards)) ?? []), id]);
  return map;
};

/** A write of three documents to both layouts on the one node. */
function write() {
  const plan = (layout: IndexRecord): PlannedPart[] => [
    {
      nodeId: 'a',
      step: 'documents',
      shards: [...byShard(layout.shards).keys()],
      counts: true,
      request: { method: 'POST', path: `/indexes/${layout.physicalUid}/documents`, body: '[]' },
    },
  ];
  const parts = forBothLayouts(cluster.catalog, movies, plan);
  return cluster.write([], { parts, touched: byShard(movies.shards) });
}

const staleOf = (indexId: number) =>
  cluster.copies
    .stale()
    .filter((mark) => mark.indexId === indexId)
    .map(({ shard }) => shard)
    .sort();

/** Fails what is done to one layout. */
function fail(physicalUid: string) {
  const error = { message: 'no', code: 'internal', type: 'internal', link: '' };
  cluster.nodes.get('a')!.outcome = ({ path }) => (path.includes(physicalUid) ? { error } : 'succeeded');
}

/** All three documents are in the logs of the shadow's copies, each in its shard. */
async function expectLogged() {
  expect(staleOf(shadow.id)).toEqual([...byShard(6).keys()].sort());
  for (const [shard, wanted] of byShard(6)) {
    const log = await cluster.store.missedWrites(shadow.id, shard, 'a');
    expect(log.map(({ ids: list }) => list)).toEqual([wanted]);
    expect(log[0]?.first).toBe(true);
  }
}

describe('a shadow in the catalog', () => {
  test('has no name, and is what its index is in another layout', () => {
    expect(cluster.catalog.visible(shadow.uid)).toBeNull();
    expect(cluster.catalog.accepted(shadow.uid)).toBeNull();
    expect(cluster.catalog.listVisible().map(({ id }) => id)).toEqual([movies.id]);
    expect(cluster.catalog.shadowOf(movies)).toMatchObject({
      id: 2,
      uid: 'movies',
      physicalUid: 'movies__2',
      shards: 6,
    });
    expect(asShadow(shadow, { ...movies, primaryKey: 'key' }).primaryKey).toBe('key');
  });

  test('gets writes while it is filled or kept only', () => {
    const phases = ['preparing', 'filling', 'kept', 'dropped'] as const;
    const found = phases.map((phase) => {
      const record = { ...shadow, shadow: { ...shadow.shadow!, phase } };
      const catalog = createCatalog([movies, record]);
      expect(catalog.hasShadows()).toBe(catalog.shadowOf(movies) !== null);
      return catalog.shadowOf(movies)?.id ?? null;
    });
    expect(found).toEqual([null, 2, 2, null]);
    expect(createCatalog([movies]).hasShadows()).toBe(false);
  });

  test('changes places with its index in one step', () => {
    const catalog = createCatalog([movies, shadow]);
    catalog.apply([
      { kind: 'putIndex', record: { ...movies, state: 'shadow', shadow: { ...shadow.shadow!, of: 2 } } },
      { kind: 'putIndex', record: { ...shadow, uid: 'movies', acceptedUid: 'movies', state: 'active', shadow: null } },
    ]);
    expect(catalog.visible('movies')?.id).toBe(2);
    expect(catalog.shadowOf(catalog.visible('movies')!)?.id).toBe(1);
    catalog.apply([{ kind: 'deleteIndex', id: 1 }]);
    expect(catalog.shadowOf(catalog.visible('movies')!)).toBeNull();
  });
});

describe('a task with parts for a shadow', () => {
  test('reaches both layouts and leaves no mark', async () => {
    const { uid } = await write();
    await cluster.ended(uid);
    expect(cluster.nodes.get('a')!.paths.sort()).toEqual(
      ['movies__1', 'movies__2'].map((p) => `/indexes/${p}/documents`),
    );
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(cluster.copies.stale()).toEqual([]);
  });

  test('succeeds although the shadow failed, whose copies are marked with what they lack', async () => {
    fail('movies__2');
    const { uid } = await write();
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(staleOf(movies.id)).toEqual([]);
    await expectLogged();
  });

  test('fails when the index does, and then the shadow may hold more than it', async () => {
    fail('movies__1');
    const { uid } = await write();
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('failed');
    await expectLogged();
  });

  test('is acknowledged when the shadow did not take it', async () => {
    const node = cluster.nodes.get('a')!;
    const request = node.request.bind(node);
    node.request = async (sent) => {
      if (sent.method === 'POST' && sent.path.includes('movies__2')) throw new NodeError('a', 'refused', 'no');
      return request(sent);
    };
    const { uid } = await write();
    await cluster.ended(uid);
    expect((await cluster.store.task(uid))?.status).toBe('succeeded');
    expect(staleOf(movies.id)).toEqual([]);
    expect(staleOf(shadow.id)).toEqual([...byShard(6).keys()].sort());
  });

  test('is recognised after a crash in each layout by itself', async () => {
    const node = cluster.nodes.get('a')!;
    node.behaviour = 'lose-answer';
    void write().catch(() => undefined);
    while (node.tasks.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    node.behaviour = 'accept';
    await cluster.crash();
    await cluster.ended(0);
    expect((await cluster.store.task(0))?.status).toBe('succeeded');
    expect(node.tasks).toHaveLength(2);
    const parts = await cluster.store.parts(0);
    expect(parts.map(({ nodeTaskUid, shadowId }) => [node.paths[nodeTaskUid!], shadowId])).toEqual([
      ['/indexes/movies__1/documents', null],
      ['/indexes/movies__2/documents', 2],
    ]);
    expect(cluster.copies.stale()).toEqual([]);
  });

  test('that deletes the index deletes the shadow', async () => {
    const request = { method: 'DELETE', path: '/indexes/movies__1' } as const;
    const parts = [{ nodeId: 'a', step: 'delete-index', shards: null, counts: false, request }];
    const { uid } = await cluster.write([], { effect: { deleteIndex: true }, parts, type: 'indexDeletion' });
    await cluster.ended(uid);
    expect(cluster.catalog.all()).toEqual([]);
    expect(await cluster.store.wasDeleted('movies__2')).toBe(true);
  });
});
