import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { type CopyFate, isMet, type WritePolicy, type WrittenCopy } from '../../../src/tasks/consistency.ts';
import { type FakeCluster, movies, startFakeCluster } from './fake-cluster.ts';

/** Copies written like `0+ 0- 1s`: group, and taken (+), missed (-), stale and taken (s). */
function copies(text: string): WrittenCopy[] {
  return text.split(' ').map((copy, i) => ({
    nodeId: `n${i}`,
    group: Number(copy[0]),
    inSync: copy[1] !== 's',
    fate: copy[1] === '-' ? 'missed' : 'took',
  }));
}
const met = (text: string, consistency: WritePolicy['consistency'], minCopies = 1) =>
  isMet(copies(text), { consistency, minCopies });

describe('a write policy', () => {
  it.each([
    ['0+ 0- 1-', true, false, false],
    ['0+ 0+ 1-', true, true, false],
    ['0+ 0- 1+', true, true, false],
    ['0+ 0+ 1+', true, true, true],
    ['0- 0- 1-', false, false, false],
    ['0+ 0+ 0- 1- 1- 1-', true, true, false],
    ['0+ 0- 0- 1+ 1- 1-', true, false, false],
    // a stale copy that took it holds this write, but not those before
    ['0- 0s', false, false, false],
    ['0+ 0s', true, false, true],
  ])('%s: in_sync %s, quorum %s, all %s', (text, inSync, quorum, all) => {
    expect([met(text, 'in_sync'), met(text, 'quorum'), met(text, 'all')]).toEqual([inSync, quorum, all]);
  });

  it('counts all copies where none is in sync, so that such an index can still be deleted', () => {
    expect(met('0s 0s', 'all')).toBe(true);
  });

  it('asks for at least so many copies, but not for more than there are', () => {
    expect(met('0+ 0-', 'in_sync', 2)).toBe(false);
    expect(met('0+ 0+ 1-', 'quorum', 3)).toBe(false);
    expect(met('0+', 'in_sync', 2)).toBe(true);
  });

  it('is met by all copies if by any, and all includes quorum includes in_sync (property)', () => {
    const copy = fc.record({
      nodeId: fc.constant('n'),
      group: fc.nat(2),
      inSync: fc.constant(true),
      fate: fc.constantFrom<CopyFate>('took', 'missed', 'unknown', 'refused'),
    });
    fc.assert(
      fc.property(fc.array(copy, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 4 }), (list, minCopies) => {
        const ok = (consistency: WritePolicy['consistency']) => isMet(list, { consistency, minCopies });
        if (ok('all')) expect(ok('quorum')).toBe(true);
        if (ok('quorum')) expect(ok('in_sync')).toBe(true);
        expect(list.every(({ fate }) => fate === 'took')).toBe(ok('all'));
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });
});

describe('writing under a policy', () => {
  let cluster: FakeCluster;
  beforeAll(initHash);
  afterEach(() => cluster.close());
  const node = (id: string) => cluster.nodes.get(id)!;
  const start = (consistency: WritePolicy['consistency'], minCopies = 1) =>
    startFakeCluster(3, undefined, undefined, { policy: { consistency, minCopies } });

  it.each([
    ['quorum', 'miroir_no_quorum', ['b', 'c']],
    ['all', 'miroir_no_quorum', ['c']],
  ] as const)('%s is refused with nothing sent when too few copies can be reached', async (level, code, down) => {
    cluster = await start(level);
    for (const id of down) node(id).up = false;
    const refusal = { code, status: 503, message: expect.stringContaining('Nothing was written.') };
    await expect(cluster.write([0, 1])).rejects.toMatchObject(refusal);
    expect(node('a').tasks).toEqual([]);
    expect(await cluster.store.task(0)).toBeNull();
    expect(cluster.copies.stale()).toEqual([]);
    for (const id of down) node(id).up = true;
    expect((await cluster.write([0, 1])).degraded).toBeNull();
  });

  it('a quorum is acknowledged with a copy missing, and says so', async () => {
    cluster = await start('quorum');
    node('c').up = false;
    expect((await cluster.write([0])).degraded).toEqual({ groups: [0], shards: [0] });
  });

  it('what turns out only afterwards fails the task and says that it may show', async () => {
    cluster = await start('quorum');
    node('b').behaviour = 'disk-full';
    node('c').behaviour = 'disk-full';
    const message = expect.stringMatching(/shard 0 took the write of task 0 .*may show/);
    await expect(cluster.write([0])).rejects.toMatchObject({ code: 'miroir_no_quorum', message });
    await cluster.ended(0);
    const task = await cluster.store.task(0);
    expect(task?.status).toBe('failed');
    expect(JSON.parse(task?.error ?? '{}')).toMatchObject({ code: 'miroir_no_quorum' });
    // the copy that took it is the one to go by, so that all become equal again
    expect(cluster.copies.stale().map(({ nodeId }) => nodeId)).toEqual(['b', 'c']);
  });

  it('refuses what only stale copies can take, and never makes the last in-sync copy stale', async () => {
    cluster = await start('in_sync');
    node('b').behaviour = 'disk-full';
    node('c').behaviour = 'disk-full';
    await cluster.write([0]);
    node('b').behaviour = 'accept';
    node('c').behaviour = 'accept';
    node('a').behaviour = 'disk-full';
    await expect(cluster.write([0])).rejects.toMatchObject({ code: 'miroir_write_incomplete' });
    expect(cluster.copies.isStale(movies.id, 0, 'a')).toBe(false);
    node('a').up = false;
    await expect(cluster.write([0])).rejects.toMatchObject({ code: 'miroir_shard_unavailable' });
  });
});
