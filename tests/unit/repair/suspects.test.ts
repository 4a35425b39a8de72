import { beforeAll, describe, expect, it } from 'vitest';
import { initHash, shardOf } from '../../../src/placement/hash.ts';
import { createSuspects } from '../../../src/repair/suspects.ts';
import { createTouchedDocuments, type Write } from '../../../src/repair/touched.ts';
import type { Store, StoreChange } from '../../../src/store/store.ts';
import { indexRecord } from '../store/records.ts';

type Log = Awaited<ReturnType<Store['missedWrites']>>;

const index = { ...indexRecord(1), shards: 4 };
const shards = [0, 1];

function start(log: Record<number, Log> = {}) {
  const touched = createTouchedDocuments();
  const missed = new Map(Object.entries(log));
  const store = { missedWrites: async (_index: number, shard: number) => missed.get(String(shard)) ?? [] };
  const watch = touched.watch(index.id, shards);
  async function commit(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) {
      if (change.kind !== 'putMissed') throw new Error(change.kind);
      const { shard } = change.record;
      missed.set(String(shard), [...(missed.get(String(shard)) ?? []), change.record]);
    }
  }
  const suspects = createSuspects({ store, commit }, { index, nodeId: 'a', shards }, watch);
  return { suspects, touched, missed, seen: () => [[...suspects.shards], [...suspects.ids].sort()] };
}

const write = (type: string, ids: Record<number, string[]> | null): Write => ({
  record: { indexId: index.id, type },
  touched: ids === null ? null : new Map(Object.entries(ids).map(([shard, list]) => [Number(shard), list])),
});
const entry = (ids: string[] | null, first = false): Log[number] => ({ taskUid: 1, ids, first }) as Log[number];

beforeAll(initHash);

describe('suspects', () => {
  it('that only clients have named are found again by a repair that begins anew, where the log is complete', async () => {
    const [here, there] = [0, 1].map((shard) =>
      Array.from({ length: 100 }, (_, i) => `d${i}`).filter((id) => shardOf(id, index.shards) === shard),
    ) as [string[], string[]];
    const { suspects, touched, missed } = start({ 0: [entry([here[0]!], true)] });
    await suspects.begin(false);
    touched.registered(write('documentAdditionOrUpdate', { 0: [here[0]!, here[1]!], 1: [there[0]!] }));
    suspects.gather();
    await suspects.remember();
    await suspects.remember();
    const again = start(Object.fromEntries(missed));
    await again.suspects.begin(false);
    expect(again.seen()).toEqual([[1], [here[0], here[1]].sort()]);
    expect(missed.get('0')).toHaveLength(2);
    expect(missed.get('1')).toBeUndefined();
    // what was written down here is not news
    suspects.take();
    await suspects.addMissed();
    expect(suspects.ids.size).toBe(0);
  });

  it('begin with what the log of missed writes says, and with whole copies where it is not complete', async () => {
    const { suspects, seen } = start({ 0: [entry(['x'], true), entry(['y'])], 1: [entry(['z'])] });
    await suspects.begin(false);
    expect(seen()).toEqual([[1], ['x', 'y']]);
    const empty = start({ 0: [entry(['x'], true)], 1: [entry(['z'], true)] });
    await empty.suspects.begin(true);
    expect(empty.seen()).toEqual([[0, 1], []]);
  });

  it('are documents written in the shards of the copies since the last look', () => {
    const { suspects, touched, seen } = start();
    touched.registered(write('documentAdditionOrUpdate', { 0: ['a'], 2: ['elsewhere'] }));
    touched.registered({ ...write('documentDeletion', { 1: ['b'] }) });
    suspects.gather();
    expect(seen()).toEqual([[], ['a', 'b']]);
    expect(suspects.take()).toEqual({ shards: [], ids: ['a', 'b'] });
    suspects.gather();
    expect(seen()).toEqual([[], []]);
  });

  it('are documents copied while others were deleted by a filter, and no longer once nothing was deleted', () => {
    const { suspects, touched, seen } = start();
    suspects.copied('old');
    suspects.gather();
    suspects.copied('copied');
    touched.registered(write('documentDeletion', null));
    suspects.gather();
    expect(seen()).toEqual([[], ['copied']]);
  });

  it('are all documents after an edit, or a deletion by filter while too many were copied to remember', () => {
    const edited = start();
    edited.touched.registered(write('documentEdition', null));
    edited.suspects.gather();
    expect(edited.seen()).toEqual([shards, []]);
    const many = start();
    for (let i = 0; i < 60_000; i++) many.suspects.copied(`c${i}`);
    many.touched.registered(write('documentDeletion', null));
    many.suspects.gather();
    expect(many.seen()).toEqual([shards, []]);
  });

  it('are all documents while a write is under way of which nobody knows what it touches', () => {
    const { suspects, seen } = start();
    suspects.addUnfinished([{ ...write('documentDeletion', null), record: { indexId: 77, type: 'documentDeletion' } }]);
    suspects.addUnfinished([write('documentAdditionOrUpdate', { 1: ['p'], 3: ['elsewhere'] })]);
    expect(seen()).toEqual([[], ['p']]);
    suspects.addUnfinished([write('documentDeletion', null)]);
    expect(seen()).toEqual([shards, []]);
  });

  it('are what was written down as missed meanwhile, once', async () => {
    const { suspects, missed, seen } = start({ 0: [entry(['x'], true)], 1: [entry(['y'], true)] });
    await suspects.begin(false);
    suspects.take();
    await suspects.addMissed();
    expect(seen()).toEqual([[], []]);
    missed.set('0', [entry(['x'], true), entry(['z'])]);
    missed.set('1', [entry(['y'], true), entry(null)]);
    await suspects.addMissed();
    expect(seen()).toEqual([[1], ['x', 'y', 'z']]);
  });
});
