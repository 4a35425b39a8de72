import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store, StoreChange, TaskPage } from '../../../src/store/store.ts';
import { agreesWithModel } from './model-property.ts';
import {
  endedTask,
  indexRecord,
  keyRecord,
  leavingCopy,
  missedWrite,
  newPart,
  newTask,
  partOf,
  repairTask,
  staleCopy,
} from './records.ts';

/** What every backend of the store has to do. `open` gives an empty store each time. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  describe(`${name} store`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(async () => {
      await store.close();
    });
    const uids = async (page: Omit<TaskPage, 'limit'> & { limit?: number }) =>
      (await store.tasks({ limit: 100, ...page })).records.map((task) => task.uid);

    test('is empty at first', async () => {
      expect(await store.task(0)).toBeNull();
      expect(await store.tasks({ limit: 20 })).toEqual({ records: [], total: 0, next: null });
      expect(await store.unfinishedTasks()).toEqual([]);
      expect(await store.parts(0)).toEqual([]);
      expect(await store.openParts()).toEqual([]);
      expect(await store.lastNodeTask('n1', 0)).toBeNull();
      expect(await store.taskCounts()).toEqual({ enqueued: 0, processing: 0, succeeded: 0, failed: 0, canceled: 0 });
      expect(await store.taskIndexUids()).toEqual([]);
      expect(await store.indexes()).toEqual([]);
      expect(await store.staleCopies()).toEqual([]);
      expect(await store.leavingCopies()).toEqual([]);
      expect(await store.keys()).toEqual([]);
      expect(await store.topology()).toBeNull();
      expect(await store.meta('x')).toBeNull();
    });

    describe('idempotency keys', () => {
      const at = (second: number) => `2026-01-01T00:00:0${second}.5Z`;
      const create = (key: string, fingerprint: string, enqueuedAt = at(0)) =>
        store.createTask(newTask({ enqueuedAt }), [], [], { key, fingerprint });

      test('are stored with their task, and replaced by a later use', async () => {
        expect(await store.idempotencyKey('k')).toBeNull();
        const task = await create('k', 'first');
        const { indexUid, type, enqueuedAt } = task;
        const stored = { key: 'k', fingerprint: 'first', taskUid: 0, indexUid, type, enqueuedAt };
        expect(await store.idempotencyKey('k')).toEqual(stored);
        await create('k', 'second', at(1));
        expect(await store.idempotencyKey('k')).toMatchObject({ fingerprint: 'second', taskUid: 1 });
      });

      test('are not stored when their task is not', async () => {
        const broken = { kind: 'putStale', record: { ...staleCopy(), nodeId: null as unknown as string } } as const;
        const failing = store.createTask(newTask(), [], [broken], { key: 'k', fingerprint: 'f' });
        await expect(failing).rejects.toThrow();
        expect(await store.idempotencyKey('k')).toBeNull();
      });

      test('outlive their task, until they are released', async () => {
        const task = await create('k', 'f');
        await store.commit([{ kind: 'putTask', record: { ...endedTask(at(1)), uid: task.uid } }]);
        await store.deleteTasks([task.uid]);
        expect(await store.idempotencyKey('k')).not.toBeNull();
        await store.commit([{ kind: 'releaseIdempotencyKey', taskUid: task.uid }]);
        expect(await store.idempotencyKey('k')).toBeNull();
        await store.commit([{ kind: 'releaseIdempotencyKey', taskUid: task.uid }]);
      });

      test('are pruned by age and by number', async () => {
        for (let i = 0; i < 6; i++) await create(`k${i}`, 'f', at(i));
        const known = async () => {
          const records = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => store.idempotencyKey(`k${i}`)));
          return records.flatMap((record) => record?.key ?? []);
        };
        expect(await store.pruneIdempotencyKeys('2026-01-01T01:00:02.5+01:00', 100)).toBe(2);
        expect(await known()).toEqual(['k2', 'k3', 'k4', 'k5']);
        expect(await store.pruneIdempotencyKeys(at(0), 4)).toBe(0);
        expect(await store.pruneIdempotencyKeys(at(0), 1)).toBe(3);
        expect(await known()).toEqual(['k5']);
        expect(await store.pruneIdempotencyKeys(at(0), 0)).toBe(1);
      });
    });

    describe('changes', () => {
      test('put, replace and delete every kind of record', async () => {
        const topology = {
          version: 1,
          replicationFactor: 2,
          nodes: [{ id: 'n1', address: 'http://a:1', group: 0, slot: 'n1', state: 'active' as const }],
          retired: ['n0'],
        };
        const index = indexRecord(4);
        const stale = staleCopy();
        const leaving = leavingCopy();
        const key = keyRecord('k1', { name: 'x', expiresAt: '2099-01-01T00:00:00+02:00' });
        await store.commit([
          { kind: 'putIndex', record: index },
          { kind: 'putStale', record: stale },
          { kind: 'putLeaving', record: leaving },
          { kind: 'putKey', record: key },
          { kind: 'putTopology', record: topology },
          { kind: 'putMeta', key: 'm', value: 'v' },
        ]);
        expect(await store.indexes()).toEqual([index]);
        expect(await store.staleCopies()).toEqual([stale]);
        expect(await store.leavingCopies()).toEqual([leaving]);
        expect(await store.keys()).toEqual([key]);
        expect(await store.topology()).toEqual(topology);
        expect(await store.meta('m')).toBe('v');

        const changed = { ...index, uid: 'renamed', primaryKey: 'id', settings: null, settingsVersion: 4 };
        await store.commit([
          { kind: 'putIndex', record: changed },
          { kind: 'putStale', record: { ...stale, reason: 'again' } },
          { kind: 'putLeaving', record: { ...leaving, state: 'surplus' } },
          { kind: 'putKey', record: { ...key, name: null, actions: [] } },
          { kind: 'putTopology', record: { ...topology, version: 2, nodes: [], retired: [] } },
          { kind: 'putMeta', key: 'm', value: '' },
        ]);
        expect(await store.indexes()).toEqual([changed]);
        expect(await store.staleCopies()).toEqual([{ ...stale, reason: 'again' }]);
        expect(await store.leavingCopies()).toEqual([{ ...leaving, state: 'surplus' }]);
        expect(await store.keys()).toEqual([{ ...key, name: null, actions: [] }]);
        expect(await store.topology()).toEqual({ ...topology, version: 2, nodes: [], retired: [] });
        expect(await store.meta('m')).toBe('');

        await store.commit([
          { kind: 'deleteIndex', id: 4 },
          { kind: 'deleteStale', indexId: 1, shard: 2, nodeId: 'n1' },
          { kind: 'deleteLeaving', indexId: 1, shard: 2, nodeId: 'n1' },
          { kind: 'deleteKey', uid: 'k1' },
        ]);
        expect(await store.indexes()).toEqual([]);
        expect(await store.staleCopies()).toEqual([]);
        expect(await store.leavingCopies()).toEqual([]);
        expect(await store.keys()).toEqual([]);
      });

      test('an index takes the marks of its copies with it', async () => {
        const others = { stale: staleCopy({ indexId: 5 }), leaving: leavingCopy({ indexId: 5 }) };
        await store.commit([
          { kind: 'putIndex', record: indexRecord(4) },
          { kind: 'putStale', record: staleCopy({ indexId: 4 }) },
          { kind: 'putLeaving', record: leavingCopy({ indexId: 4 }) },
          { kind: 'putStale', record: others.stale },
          { kind: 'putLeaving', record: others.leaving },
        ]);
        await store.commit([{ kind: 'deleteIndex', id: 4 }]);
        expect(await store.staleCopies()).toEqual([others.stale]);
        expect(await store.leavingCopies()).toEqual([others.leaving]);
      });

      test('deleting what is not there is no error', async () => {
        await store.commit([
          { kind: 'deleteIndex', id: 9 },
          { kind: 'deleteStale', indexId: 9, shard: 9, nodeId: 'x' },
          { kind: 'deleteKey', uid: 'x' },
        ]);
      });

      test('two generations of one uid stand side by side', async () => {
        const records = [
          indexRecord(1, { uid: 'a', state: 'deleting' }),
          indexRecord(2, { uid: 'a', state: 'creating' }),
        ];
        await store.commit(records.toReversed().map((record) => ({ kind: 'putIndex', record })));
        expect(await store.indexes()).toEqual(records);
      });

      test('keys come oldest first whatever the length of their dates', async () => {
        const created = ['2024-05-01T10:00:00.25Z', '2024-05-01T10:00:00.5Z', '2024-05-01T12:00:00.75+02:00'];
        const records = created.map((createdAt, i) => keyRecord(`k${3 - i}`, { createdAt }));
        await store.commit(records.toReversed().map((record) => ({ kind: 'putKey', record })));
        expect((await store.keys()).map((key) => key.createdAt)).toEqual(created);
      });

      test('apply in order, the last one wins', async () => {
        await store.commit([
          { kind: 'putMeta', key: 'a', value: '1' },
          { kind: 'putMeta', key: 'a', value: '2' },
        ]);
        expect(await store.meta('a')).toBe('2');
      });

      const impossible: StoreChange = { kind: 'putPart', record: partOf(77) };

      test('a commit with one impossible change changes nothing', async () => {
        await expect(store.commit([{ kind: 'putMeta', key: 'a', value: '1' }, impossible])).rejects.toThrow();
        expect(await store.meta('a')).toBeNull();
      });

      test('a failing neighbour at the same moment does no harm', async () => {
        const settled = await Promise.allSettled([
          store.commit([{ kind: 'putMeta', key: 'a', value: '1' }]),
          store.commit([{ kind: 'putMeta', key: 'a', value: '2' }, impossible]),
          store.commit([{ kind: 'putMeta', key: 'b', value: '3' }]),
        ]);
        expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect([await store.meta('a'), await store.meta('b')]).toEqual(['1', '3']);
      });

      test('a task whose changes fail is not created and leaves no gap', async () => {
        await store.createTask(newTask(), [], []);
        await expect(store.createTask(newTask(), [newPart()], [impossible])).rejects.toThrow();
        const twice = [newPart({ part: 0 }), newPart({ part: 0, nodeId: 'n2' })];
        expect((await store.createTask(newTask(), twice, [])).uid).toBe(1);
        expect(await store.parts(1)).toEqual([partOf(1, { part: 0, nodeId: 'n2' })]);
        expect(await uids({})).toEqual([1, 0]);
      });
    });

    describe('numbers', () => {
      test('task uids start at 0, follow the order of the calls and have no gaps', async () => {
        const created = await Promise.all(
          Array.from({ length: 600 }, (_, i) => store.createTask(newTask({ details: String(i) }), [newPart()], [])),
        );
        expect(created.map((task) => task.uid)).toEqual(created.map((_, i) => i));
        expect((await store.task(444))?.details).toBe('444');
      });

      test('task uids are not used again after the newest tasks are gone', async () => {
        for (let i = 0; i < 3; i++) await store.createTask(endedTask('2024-05-01T10:00:00Z'), [], []);
        expect(await store.pruneTasks('2030-01-01T00:00:00Z', 10)).toBe(3);
        expect((await store.createTask(endedTask('2024-05-01T10:00:00Z'), [], [])).uid).toBe(3);
        expect(await store.deleteTasks([3])).toBe(1);
        expect((await store.createTask(newTask(), [], [])).uid).toBe(4);
      });

      test('counters are independent, also of the task uids', async () => {
        const taken = await Promise.all([store.nextId('index'), store.nextId('index'), store.nextId('other')]);
        expect(taken).toEqual([0, 1, 0]);
        await store.createTask(newTask(), [], []);
        expect(await store.nextId('index')).toBe(2);
      });
    });

    describe('pages of tasks', () => {
      beforeEach(async () => {
        for (let i = 0; i < 7; i++) {
          await store.createTask(newTask({ type: i % 2 === 0 ? 'even' : 'odd', indexUid: i < 4 ? 'a' : null }), [], []);
        }
      });

      test('newest first, with where the next page starts and how many there are in all', async () => {
        const first = await store.tasks({ limit: 3 });
        expect(first.records.map((task) => task.uid)).toEqual([6, 5, 4]);
        expect([first.next, first.total]).toEqual([3, 7]);
        const second = await store.tasks({ limit: 3, from: 3 });
        expect(second.records.map((task) => task.uid)).toEqual([3, 2, 1]);
        expect([second.next, second.total]).toEqual([0, 7]);
        const last = await store.tasks({ limit: 3, from: 0 });
        expect([last.records.length, last.next, last.total]).toEqual([1, null, 7]);
      });

      test('the other way round', async () => {
        const page = await store.tasks({ limit: 2, from: 3, reverse: true });
        expect(page.records.map((task) => task.uid)).toEqual([3, 4]);
        expect([page.next, page.total]).toEqual([5, 7]);
        expect(await uids({ reverse: true, from: 6 })).toEqual([6]);
      });

      test('filters are kept from page to page', async () => {
        const page = await store.tasks({ limit: 1, types: ['even'], from: 5 });
        expect(page.records.map((task) => task.uid)).toEqual([4]);
        expect([page.next, page.total]).toEqual([2, 4]);
      });

      test('odd limits and starts', async () => {
        expect(await store.tasks({ limit: 0 })).toEqual({ records: [], total: 7, next: 6 });
        expect((await store.tasks({ limit: 7 })).next).toBeNull();
        expect((await store.tasks({ limit: 4_294_967_295 })).records).toHaveLength(7);
        expect(await uids({ from: 4_294_967_295 })).toHaveLength(7);
        expect(await uids({ from: 4_294_967_295, reverse: true })).toEqual([]);
      });

      test('an empty list matches nothing, a long one is fine', async () => {
        expect(await store.tasks({ limit: 5, uids: [] })).toEqual({ records: [], total: 0, next: null });
        expect(await uids({ uids: Array.from({ length: 40_000 }, (_, i) => i + 5) })).toEqual([6, 5]);
        expect(await uids({ indexUids: ['A'] })).toEqual([]);
        expect(await uids({ indexUids: ["a' OR 1=1 --"] })).toEqual([]);
      });
    });

    test('date ranges are open at both ends and compare instants, not texts', async () => {
      const dates = ['10:00:00Z', '10:00:00.25Z', '10:00:00.5Z', '10:00:00.500000001Z', '11:00:00+01:00'];
      for (const date of dates) await store.createTask(newTask({ enqueuedAt: `2024-05-01T${date}` }), [], []);
      const enqueued = (after?: string, before?: string) => uids({ enqueuedAt: { after, before }, reverse: true });
      expect(await enqueued('2024-05-01T10:00:00Z')).toEqual([1, 2, 3]);
      expect(await enqueued('2024-05-01T10:00:00.250Z')).toEqual([2, 3]);
      expect(await enqueued(undefined, '2024-05-01T10:00:00.5Z')).toEqual([0, 1, 4]);
      expect(await enqueued('2024-05-01T12:00:00.25+02:00', '2024-05-01T10:00:00.500000001Z')).toEqual([2]);
      expect(await uids({ startedAt: { after: '2000-01-01T00:00:00Z' } })).toEqual([]);
      expect(await uids({ finishedAt: {} })).toHaveLength(5);
    });

    test('older tasks follow their indexes to new names, all at once', async () => {
      for (const indexUid of ['a', 'b', 'c', null, 'a', 'b', 'd'])
        await store.createTask(newTask({ indexUid }), [], []);
      const names = [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a' },
        { from: 'c', to: 'd' },
      ];
      await store.commit([{ kind: 'renameTasks', below: 5, names }]);
      const { records } = await store.tasks({ limit: 10, reverse: true });
      expect(records.map((task) => task.indexUid)).toEqual(['b', 'a', 'd', null, 'b', 'b', 'd']);
      expect(await uids({ indexUids: ['b'] })).toEqual([5, 4, 0]);
      expect((await store.taskIndexUids()).sort()).toEqual(['a', 'b', 'd']);
    });

    test('node task marks keep the highest and outlive the tasks they came from', async () => {
      await store.commit([{ kind: 'putIndex', record: indexRecord(5) }]);
      const task = endedTask('2024-05-01T10:00:00Z', { indexId: 5 });
      const parts = [newPart({ nodeTaskUid: 7 }), newPart({ part: 1, nodeId: 'n2' })];
      const { uid } = await store.createTask(task, parts, []);
      await store.commit([{ kind: 'putPart', record: partOf(uid, { part: 1, nodeId: 'n2', nodeTaskUid: 3 }) }]);
      await store.createTask(task, [newPart({ nodeTaskUid: 4 })], []);
      expect([await store.lastNodeTask('n1', 5), await store.lastNodeTask('n2', 5)]).toEqual([7, 3]);
      expect(await store.lastNodeTask('n1', 6)).toBeNull();
      expect(await store.pruneTasks('2030-01-01T00:00:00Z', 10)).toBe(2);
      expect(await store.lastNodeTask('n1', 5)).toBe(7);
    });

    test('what a part wrote to a shadow counts for the shadow', async () => {
      const shadow = {
        of: 0,
        phase: 'filling',
        since: '2024-05-01T10:00:00Z',
        startedAt: '2024-05-01T09:00:00Z',
        servedUntil: null,
      } as const;
      const record = indexRecord(5, { state: 'shadow', shadow });
      await store.commit([{ kind: 'putIndex', record }]);
      expect(await store.indexes()).toEqual([record]);
      const task = await store.createTask(newTask(), [newPart(), newPart({ part: 1, shadowId: 5 })], []);
      await store.commit([
        { kind: 'putPart', record: partOf(task.uid, { nodeTaskUid: 40, status: 'enqueued' }) },
        { kind: 'putPart', record: partOf(task.uid, { part: 1, shadowId: 5, nodeTaskUid: 41, status: 'enqueued' }) },
      ]);
      expect((await store.parts(task.uid)).map(({ shadowId }) => shadowId)).toEqual([null, 5]);
      expect([await store.lastNodeTask('n1', 0), await store.lastNodeTask('n1', 5)]).toEqual([40, 41]);
    });

    test('tells which tasks of a node nobody needs: old, ended, recorded there, and not the newest', async () => {
      const old = (parts: Parameters<typeof newPart>[0][]) =>
        store.createTask(endedTask('2024-05-01T00:00:00Z', { indexId: 5 }), parts.map(newPart), []);
      const done = { nodeId: 'n1', status: 'succeeded' } as const;
      await old([
        { ...done, nodeTaskUid: 3 },
        { ...done, part: 1, nodeId: 'n2', nodeTaskUid: 2 },
      ]);
      await old([
        { ...done, nodeTaskUid: 4, status: 'processing' },
        { ...done, part: 1, nodeTaskUid: 5, status: 'failed' },
      ]);
      await store.createTask(
        endedTask('2024-05-03T00:00:00Z', { indexId: 5 }),
        [newPart({ ...done, nodeTaskUid: 6 })],
        [],
      );
      await store.createTask(newTask({ indexId: 5 }), [newPart({ ...done, nodeTaskUid: 7 })], []);
      await old([{ ...done, nodeTaskUid: 8 }]);
      await old([{ ...done, nodeTaskUid: 9 }]);
      await store.commit([
        { kind: 'putLeftover', nodeId: 'n1', nodeTaskUid: 1 },
        { kind: 'putLeftover', nodeId: 'n1', nodeTaskUid: 1 },
        { kind: 'putLeftover', nodeId: 'n1', nodeTaskUid: 4 },
        { kind: 'putLeftover', nodeId: 'n1', nodeTaskUid: 10 },
      ]);
      const disposable = (limit = 100) => store.disposableNodeTasks('n1', '2024-05-02T00:00:00Z', limit);
      expect(await disposable()).toEqual([1, 3, 5, 8]);
      expect(await disposable(2)).toEqual([1, 3]);
      // The sole one that n2 has is its newest.
      expect(await store.disposableNodeTasks('n2', '2024-05-02T00:00:00Z', 100)).toEqual([]);
      await store.commit([{ kind: 'forgetNodeTasks', nodeId: 'n1', nodeTaskUids: [1, 3, 4] }]);
      expect(await disposable()).toEqual([5, 8]);
      expect((await store.parts(0)).map(({ nodeTaskUid }) => nodeTaskUid)).toEqual([null, 2]);
      expect((await store.parts(1)).map(({ nodeTaskUid }) => nodeTaskUid)).toEqual([4, 5]);
      // What a deleted task had at the nodes is still to be deleted there.
      expect(await store.deleteTasks([4])).toBe(1);
      expect(await disposable()).toEqual([5, 8]);
      expect(await store.lastNodeTask('n1', 5)).toBe(9);
    });

    test('the newest task of a node outlives tasks and indexes, until the node is known to have another disk', async () => {
      await store.commit([{ kind: 'putIndex', record: indexRecord(5) }]);
      const task = endedTask('2024-05-01T10:00:00Z', { indexId: 5 });
      const at = (uid: number, nodeEnqueuedAt: string | null) => newPart({ nodeTaskUid: uid, nodeEnqueuedAt });
      await store.createTask(task, [at(7, '2024-05-01T10:00:00.7Z')], []);
      await store.createTask(task, [at(4, '2024-05-01T10:00:00.4Z')], []);
      const newest = { uid: 7, enqueuedAt: '2024-05-01T10:00:00.7Z' };
      expect(await store.newestNodeTask('n1')).toEqual(newest);
      expect(await store.newestNodeTask('n2')).toBeNull();
      await store.commit([{ kind: 'deleteIndex', id: 5 }]);
      await store.pruneTasks('2030-01-01T00:00:00Z', 10);
      expect(await store.newestNodeTask('n1')).toEqual(newest);

      await store.commit([{ kind: 'putIndex', record: indexRecord(6) }]);
      const other = { uid: 2, enqueuedAt: '2024-06-01T10:00:00Z' };
      await store.commit([{ kind: 'resetNodeTasks', nodeId: 'n1', newest: other }]);
      expect([await store.newestNodeTask('n1'), await store.lastNodeTask('n1', 6)]).toEqual([other, 2]);
      await store.commit([{ kind: 'resetNodeTasks', nodeId: 'n1', newest: null }]);
      expect([await store.newestNodeTask('n1'), await store.lastNodeTask('n1', 6)]).toEqual([null, null]);
    });

    test('a node’s newest task may be nobody’s part, and parts count when they first name theirs', async () => {
      const at = (uid: number) => ({ uid, enqueuedAt: `2024-05-01T10:00:0${uid}Z` });
      const part = newPart({ nodeTaskUid: 4, nodeEnqueuedAt: at(4).enqueuedAt });
      const { uid: taskUid } = await store.createTask(newTask(), [part], []);
      await store.commit([{ kind: 'noteNodeTask', nodeId: 'n1', task: at(6) }]);
      await store.commit([{ kind: 'noteNodeTask', nodeId: 'n1', task: at(5) }]);
      expect(await store.newestNodeTask('n1')).toEqual(at(6));
      // the part's task was on the disk that the node had before
      await store.commit([{ kind: 'resetNodeTasks', nodeId: 'n1', newest: at(2) }]);
      await store.commit([{ kind: 'putPart', record: { ...part, taskUid, status: 'succeeded' } }]);
      expect(await store.newestNodeTask('n1')).toEqual(at(2));
    });

    test('missed writes are kept in order and go with the mark of their copy or with the index', async () => {
      const [later, first] = [missedWrite(9, { ids: null }), missedWrite(3, { first: true, ids: [] })];
      const others = [missedWrite(1, { shard: 3 }), missedWrite(1, { nodeId: 'n2' }), missedWrite(1, { indexId: 2 })];
      await store.commit([later, first, ...others].map((record): StoreChange => ({ kind: 'putMissed', record })));
      expect(await store.missedWrites(1, 2, 'n1')).toEqual([first, later]);
      await store.commit([{ kind: 'putMissed', record: { ...first, first: false, ids: null } }]);
      expect(await store.missedWrites(1, 2, 'n1')).toEqual([first, later]);
      await store.commit([{ kind: 'deleteStale', indexId: 1, shard: 2, nodeId: 'n1' }]);
      expect(await store.missedWrites(1, 2, 'n1')).toEqual([]);
      expect(await store.missedWrites(1, 3, 'n1')).toEqual([others[0]]);
      await store.commit([{ kind: 'deleteIndex', id: 1 }]);
      expect([await store.missedWrites(1, 2, 'n2'), await store.missedWrites(2, 2, 'n1')]).toEqual([[], [others[2]]]);
    });

    test('requests of repairs are kept per node and index until they are cleared', async () => {
      const records = [repairTask(2), repairTask(1, { nodeTaskUid: 8 }), repairTask(1, { nodeId: 'n2' })];
      await store.commit(records.map((record): StoreChange => ({ kind: 'putRepairTask', record })));
      await store.commit([{ kind: 'putRepairTask', record: repairTask(2, { nodeTaskUid: 9 }) }]);
      expect(await store.repairTasks('n1', 1)).toEqual([records[1], repairTask(2, { nodeTaskUid: 9 })]);
      await store.commit([{ kind: 'clearRepairTasks', nodeId: 'n1', indexId: 1, newest: 12 }]);
      expect(await store.lastNodeTask('n1', 1)).toBe(12);
      expect([await store.repairTasks('n1', 1), await store.repairTasks('n2', 1)]).toEqual([[], [records[2]]]);
    });

    test('deletions are remembered by id and by kind, newest first forgotten last', async () => {
      const mark = { indexId: 1, version: 'v5', kind: 'filter', filter: '"a = 1"' } as const;
      await store.commit([
        { kind: 'putTombstones', record: { indexId: 1, version: 'v3', ids: ['a', 'b', "it's"] } },
        { kind: 'putTombstones', record: { indexId: 1, version: 'v2', ids: ['a'] } },
        { kind: 'putTombstones', record: { indexId: 2, version: 'v9', ids: ['a'] } },
        { kind: 'putDeletionMark', record: mark },
      ]);
      const all = await store.deletions(1, ['a', "it's", 'c']);
      expect(all).toEqual({
        tombstones: new Map([
          ['a', 'v3'],
          ["it's", 'v3'],
        ]),
        marks: [mark],
        forgottenUpTo: '',
      });
      await store.pruneDeletions('v4', 100);
      expect(await store.deletions(1, ['a'])).toEqual({ tombstones: new Map(), marks: [mark], forgottenUpTo: 'v3' });
      expect((await store.deletions(2, ['a'])).forgottenUpTo).toBe('');
      await store.pruneDeletions('v0', 0);
      expect(await store.deletions(1, ['a'])).toEqual({ tombstones: new Map(), marks: [], forgottenUpTo: 'v5' });
      await store.commit([{ kind: 'forgetDeletions', indexId: 2, upTo: 'w' }]);
      expect((await store.deletions(2, ['a'])).forgottenUpTo).toBe('w');
      await store.commit([
        { kind: 'putIndex', record: indexRecord(2) },
        { kind: 'deleteIndex', id: 2 },
      ]);
      expect((await store.deletions(2, ['a'])).forgottenUpTo).toBe('');
    });

    test('names of deleted indexes and reports of verifications', async () => {
      await store.commit([
        { kind: 'putIndex', record: indexRecord(4) },
        { kind: 'putVerification', indexId: 4, report: '{"a":1}' },
        { kind: 'putVerification', indexId: 5, report: '{}' },
      ]);
      expect(await store.verifications()).toEqual(
        new Map([
          [4, '{"a":1}'],
          [5, '{}'],
        ]),
      );
      expect(await store.wasDeleted('index4_g4')).toBe(false);
      await store.commit([{ kind: 'deleteIndex', id: 4 }]);
      expect(await store.wasDeleted('index4_g4')).toBe(true);
      expect([...(await store.verifications()).keys()]).toEqual([5]);
    });

    test('a task can be put again under its uid, and its parts stay', async () => {
      const task = await store.createTask(
        newTask(),
        [newPart({ request: '{"a":1}', counts: false, shards: '[1]' })],
        [],
      );
      const ended = { ...task, ...endedTask('2024-05-01T10:00:01Z', { details: '{}' }) };
      await store.commit([{ kind: 'putTask', record: ended }]);
      expect(await store.task(task.uid)).toEqual(ended);
      expect(await store.parts(task.uid)).toHaveLength(1);
      expect((await store.taskCounts()).succeeded).toBe(1);
    });

    test('pruning spares what is young, unfinished or still open on a node, and takes the oldest first', async () => {
      await store.createTask(endedTask('2024-05-03T00:00:00Z'), [], []);
      await store.createTask(endedTask('2024-05-01T00:00:00Z'), [newPart({ status: 'processing' })], []);
      await store.createTask(endedTask('2024-05-02T00:00:00Z'), [newPart({ status: 'succeeded' })], []);
      await store.createTask(endedTask('2024-05-01T00:00:00Z'), [newPart({ status: 'missed' })], []);
      await store.createTask(newTask({ startedAt: '2024-05-01T00:00:00Z' }), [], []);
      expect(await store.pruneTasks('2024-05-03T00:00:00Z', 1)).toBe(1);
      expect(await uids({})).toEqual([4, 2, 1, 0]);
      expect(await store.pruneTasks('2024-05-03T00:00:00Z', 10)).toBe(1);
      expect(await uids({})).toEqual([4, 1, 0]);
      expect(await store.parts(2)).toEqual([]);
    });

    test('tasks that have not ended cannot be deleted', async () => {
      await store.createTask(newTask(), [], []);
      await store.createTask(endedTask('2024-05-03T00:00:00Z'), [newPart()], []);
      expect(await store.deleteTasks([0, 1, 1, 99])).toBe(1);
      expect(await uids({})).toEqual([0]);
    });

    test('nothing can be done after closing, and closing twice is fine', async () => {
      const late = store.createTask(newTask(), [], []);
      await store.close();
      expect((await late).uid).toBe(0);
      await store.close();
      await expect(store.commit([])).rejects.toMatchObject({ code: 'miroir_store_unavailable' });
      await expect(store.tasks({ limit: 1 })).rejects.toMatchObject({ code: 'miroir_store_unavailable' });
    });

    test('random histories agree with a plain model', () => agreesWithModel(open));
  });
}
