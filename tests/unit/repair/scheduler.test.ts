import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRepairScheduler, type RepairSchedulerOptions } from '../../../src/repair/scheduler.ts';
import type { StaleCopy } from '../../../src/store/records.ts';
import { indexRecord } from '../store/records.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Stale copies of three indexes on two nodes, all of them with another copy in sync on `source`. */
function start(maxConcurrent: number) {
  const indexes = [1, 2, 3].map((id) => ({ ...indexRecord(id), shards: 1 }));
  const holders = ['source', 'a', 'b'];
  const stale = indexes.flatMap(({ id }) =>
    ['a', 'b'].map(
      (nodeId): StaleCopy => ({
        indexId: id,
        shard: 0,
        nodeId,
        since: '2026-01-01T00:00:00Z',
        reason: 'moves in',
        cause: 'moving',
      }),
    ),
  );
  const ends: (() => void)[] = [];
  const ended: { node: string; moving: boolean; succeeded: boolean }[] = [];
  const scheduler = createRepairScheduler({
    state: {
      catalog: { byId: (id: number) => indexes.find((index) => index.id === id) ?? null },
      copies: {
        stale: () => stale,
        isStale: (indexId: number, _shard: number, nodeId: string) =>
          stale.some((mark) => mark.indexId === indexId && mark.nodeId === nodeId),
      },
      view: { up: () => true, groups: () => [0], copies: () => holders },
    } as unknown as RepairSchedulerOptions['state'],
    repair: ({ index, nodeId }, progress) =>
      new Promise((resolve) => {
        progress.phase = 'comparing';
        ends.push(() => {
          stale.splice(
            stale.findIndex((mark) => mark.indexId === index.id && mark.nodeId === nodeId),
            1,
          );
          resolve();
        });
      }),
    prepareAlone: async () => undefined,
    may: () => true,
    maxConcurrent,
    onEnded: ({ nodeId, moving }, succeeded) => ended.push({ node: nodeId, moving, succeeded }),
    log: pino({ enabled: false }),
  });
  scheduler.start();
  return { scheduler, ends, ended, stale };
}

it('runs as many repairs at a time as is allowed, until all are done', async () => {
  for (const most of [1, 2, 4]) {
    const { scheduler, ends, ended, stale } = start(most);
    let done = 0;
    while (stale.length > 0) {
      await vi.advanceTimersByTimeAsync(1_000);
      const running = scheduler.status().filter(({ phase }) => phase === 'comparing').length;
      expect([running, ends.length]).toEqual([Math.min(most, 6 - done), running]);
      ends.shift()?.();
      done++;
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(ended).toHaveLength(6);
    expect(ended.every(({ moving, succeeded }) => moving && succeeded)).toBe(true);
    await scheduler.stop();
  }
});
