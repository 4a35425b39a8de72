import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import type { IndexRecord } from '../../../src/store/records.ts';
import { type PlannedPart, settledPlan, type WritePlan } from '../../../src/tasks/acceptance.ts';
import { globalQueue } from '../../../src/tasks/active.ts';
import { type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
const ids = ['a', 'b', 'c'];
const node = (id: string) => cluster.nodes.get(id)!;
const everywhere = (step: string, method: 'PATCH' | 'POST' | 'DELETE', rest: string): PlannedPart[] =>
  ids.map((nodeId) => {
    const request = { method, path: `/indexes/${books.physicalUid}${rest}`, body: `"${step}"` };
    return { nodeId, step, shards: null, counts: false, request };
  });
const books: IndexRecord = {
  ...movies,
  id: 2,
  uid: 'books',
  acceptedUid: 'books',
  physicalUid: 'books__2',
  state: 'creating',
  primaryKey: null,
  acceptedPrimaryKey: null,
};
const base = { indexUid: 'books', details: null, verdict: null, catalog: [] };

/** The addition that creates the index, with a primary key that later ones go by. */
const creation: WritePlan = {
  ...base,
  type: 'documentAdditionOrUpdate',
  index: books,
  effect: { createIndex: true, documents: 1, primaryKey: 'isbn' },
  catalog: [{ kind: 'putIndex', record: { ...books, acceptedPrimaryKey: 'isbn' } }],
  parts: [...everywhere('create', 'PATCH', '/settings'), ...everywhere('documents', 'POST', '/documents')],
};
const known = () => cluster.catalog.accepted('books');
const addition = (): WritePlan => ({
  ...base,
  type: 'documentAdditionOrUpdate',
  index: known(),
  effect: { documents: 1 },
  parts: everywhere('documents', 'POST', '/documents'),
});
const deletion = (): WritePlan => ({
  ...base,
  type: 'documentDeletion',
  index: known(),
  effect: {},
  parts: everywhere('delete', 'POST', '/documents/delete-batch'),
});
const indexDeletion = (): WritePlan => ({
  ...base,
  type: 'indexDeletion',
  index: known(),
  effect: { deleteIndex: true },
  catalog: [{ kind: 'putIndex', record: { ...known()!, state: 'deleting' } }],
  parts: everywhere('delete-index', 'DELETE', ''),
});

/** Writes one after the other, without waiting for answers; resolves with the codes of their errors. */
function write(...plans: (() => WritePlan)[]): Promise<(string | null)[]> {
  const answers = plans.map((plan) => cluster.engine.acceptance.accept('books', async () => plan()));
  return Promise.all(
    answers.map((answer) =>
      answer.then(
        () => null,
        (error: { code: string }) => error.code,
      ),
    ),
  );
}

async function statuses(count: number): Promise<(string | undefined)[]> {
  const uids = Array.from({ length: count }, (_, uid) => uid);
  for (const uid of uids) await cluster.ended(uid);
  return Promise.all(uids.map(async (uid) => (await cluster.store.task(uid))?.status));
}

/** Cancel a task of which nodes have not begun anything. */
async function cancel(uid: number): Promise<void> {
  await cluster.engine.acceptance.accept(globalQueue, async () =>
    settledPlan({
      type: 'taskCancelation',
      indexUid: null,
      details: {},
      verdict: null,
      effect: { cancelTasks: [uid] },
    }),
  );
}
const holdAll = () => {
  for (const one of cluster.nodes.values()) one.outcome = null;
};
const releaseAll = () => {
  for (const one of cluster.nodes.values()) one.outcome = () => 'succeeded';
};
const creations = (id: string) => node(id).paths.filter((path) => path.endsWith('/settings')).length;
const until = async (holds: () => boolean) => {
  for (let i = 0; i < 300 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
};

beforeAll(initHash);
afterEach(() => cluster.close());

describe('the creation of an index that nodes did not take', () => {
  it('is taken over by the write behind it, with its primary key', async () => {
    cluster = await startFakeCluster(1);
    node('a').script.push('refuse-connection', 'refuse-connection', 'refuse-connection');
    expect(await write(() => creation, addition)).toEqual(['miroir_write_incomplete', null]);
    expect(await statuses(2)).toEqual(['failed', 'succeeded']);
    expect(known()).toMatchObject({ id: books.id, state: 'active', primaryKey: 'isbn', acceptedPrimaryKey: 'isbn' });
    expect(ids.map(creations)).toEqual([1, 1, 1]);
    expect(node('a').paths.map((path) => path.split('/').at(-1))).toEqual(['documents', 'settings']);
  });

  it('goes from one write to the next until one succeeds', async () => {
    cluster = await startFakeCluster(1);
    node('a').script.push(...Array.from({ length: 6 }, () => 'refuse-connection' as const));
    const failed = 'miroir_write_incomplete';
    expect(await write(() => creation, addition, addition)).toEqual([failed, failed, null]);
    expect(await statuses(3)).toEqual(['failed', 'failed', 'succeeded']);
    expect(known()).toMatchObject({ id: books.id, state: 'active', primaryKey: 'isbn' });
    expect(ids.map(creations)).toEqual([2, 1, 1]);
  });

  it('leaves no index where nothing was accepted behind it, neither in the catalog nor on the nodes', async () => {
    cluster = await startFakeCluster(1);
    node('a').script.push('refuse-connection', 'refuse-connection', 'refuse-connection');
    await write(() => creation);
    expect(await statuses(1)).toEqual(['failed']);
    expect(known()).toBeNull();
    expect(await cluster.store.wasDeleted(books.physicalUid)).toBe(true);
    await until(() => ['b', 'c'].every((id) => node(id).paths.at(-1) === `/indexes/${books.physicalUid}`));
  });

  it('is taken over by the next process when this one stops on the way', async () => {
    cluster = await startFakeCluster(1);
    node('a').script.push('refuse-connection', 'refuse-connection', 'refuse-connection');
    node('a').outcome = null;
    expect(await write(() => creation, addition)).toEqual(['miroir_write_incomplete', null]);
    await cluster.ended(0);
    await until(() => creations('a') === 1);
    await cluster.engine.stop();
    // as it was before anything was sent again, on the node and in the store
    node('a').tasks.pop();
    const newest = { uid: node('a').tasks.at(-1)!.uid, enqueuedAt: null };
    const again = (await cluster.store.parts(1)).find(({ step, nodeId }) => step === 'create' && nodeId === 'a')!;
    expect(again.request).toBeNull();
    const request = JSON.stringify(creation.parts[0]!.request);
    await cluster.store.commit([
      { kind: 'resetNodeTasks', nodeId: 'a', newest },
      { kind: 'putPart', record: { ...again, status: 'sending', nodeTaskUid: null, request } },
    ]);
    node('a').outcome = () => 'succeeded';
    await cluster.crash();
    expect(await statuses(2)).toEqual(['failed', 'succeeded']);
    expect(creations('a')).toBe(1);
    expect(known()).toMatchObject({ id: books.id, state: 'active' });
  });
});

describe('the creation of an index that was cancelled', () => {
  it('is taken over by the next addition, while deletions before it find no index', async () => {
    cluster = await startFakeCluster(2);
    holdAll();
    await write(() => creation, deletion, addition);
    await cancel(0);
    await cluster.ended(0);
    for (const one of cluster.nodes.values()) {
      const missing = { error: { message: `Index \`${books.physicalUid}\` not found.`, code: 'index_not_found' } };
      one.outcome = ({ path }) => (path.endsWith('delete-batch') ? missing : 'succeeded');
    }
    expect(await statuses(4)).toEqual(['canceled', 'failed', 'succeeded', 'succeeded']);
    expect(known()).toMatchObject({ id: books.id, state: 'active' });
    expect(ids.map(creations)).toEqual([2, 2, 2]);
    expect(cluster.copies.stale()).toEqual([]);
  });

  it('is given up once what cannot create it has ended', async () => {
    cluster = await startFakeCluster(2);
    holdAll();
    await write(() => creation, deletion);
    await cancel(0);
    await cluster.ended(0);
    expect(known()?.state).toBe('creating');
    releaseAll();
    expect(await statuses(2)).toEqual(['canceled', 'succeeded']);
    expect(known()).toBeNull();
    expect(ids.map(creations)).toEqual([1, 1, 1]);
  });

  it('is not made again for an index that will be deleted', async () => {
    cluster = await startFakeCluster(2);
    holdAll();
    await write(() => creation, addition, indexDeletion);
    await cancel(0);
    await cluster.ended(0);
    releaseAll();
    expect(await statuses(3)).toEqual(['canceled', 'succeeded', 'succeeded']);
    expect(cluster.catalog.byId(books.id)).toBeNull();
    expect(ids.map(creations)).toEqual([1, 1, 1]);
  });
});

describe('the creation of an index with settings that one node refuses', () => {
  it('leaves an index without them on every node', async () => {
    const restore = () => everywhere('rollback', 'PATCH', '/settings');
    const commit = () => Promise.reject(new Error('must not be committed'));
    cluster = await startFakeCluster(2, ids, { commit, restore, recreate: () => [] });
    const refusal = { error: { message: 'no', code: 'invalid_settings_stop_words' } };
    node('b').outcome = ({ body }) => (body === '"settings"' ? refusal : 'succeeded');
    const settings = everywhere('settings', 'PATCH', '/settings');
    await write(() => ({
      ...creation,
      type: 'settingsUpdate',
      effect: { createIndex: true, settings: { stopWords: ['x'] } },
      parts: [...everywhere('create', 'PATCH', '/settings'), ...settings],
    }));
    expect(await statuses(1)).toEqual(['failed']);
    for (const id of ids) expect(node(id).tasks.at(-1)?.body).toBe('"rollback"');
    expect(known()).toMatchObject({ state: 'active', settingsVersion: 0 });
    expect(cluster.copies.stale()).toEqual([]);
  });
});

describe('a write that was decided on an index', () => {
  it('is decided anew when the index has gone meanwhile', async () => {
    cluster = await startFakeCluster(2);
    await write(() => creation);
    await cluster.ended(0);
    const index = known()!;
    let decisions = 0;
    const [code] = await write(() => {
      if (++decisions > 1) return settledPlan({ ...base, type: 'documentDeletion', verdict: null });
      cluster.engine.state.mirror([{ kind: 'deleteIndex', id: index.id }]);
      return { ...deletion(), index };
    });
    expect([code, decisions]).toEqual([null, 2]);
  });

  it('does not go to a generation whose deletion was accepted before the creation had ended', async () => {
    cluster = await startFakeCluster(2);
    for (const one of cluster.nodes.values())
      one.outcome = ({ path }) => (path.endsWith('books__2') ? null : 'succeeded');
    await write(() => creation, indexDeletion);
    await cluster.ended(0);
    expect(cluster.catalog.byId(books.id)?.state).toBe('deleting');
    expect(known()).toBeNull();
    releaseAll();
    expect(await statuses(2)).toEqual(['succeeded', 'succeeded']);
    expect(cluster.catalog.byId(books.id)).toBeNull();
  });
});
