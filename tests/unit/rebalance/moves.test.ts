import { expect, it } from 'vitest';
import { createMoves } from '../../../src/rebalance/moves.ts';
import { createRateMeter, secondsLeft } from '../../../src/rebalance/rate.ts';
import type { RepairStatus } from '../../../src/repair/scheduler.ts';
import type { StaleCopy } from '../../../src/store/records.ts';
import { indexRecord } from '../store/records.ts';

const mark = (nodeId: string, shard: number, cause: StaleCopy['cause'] = 'moving'): StaleCopy => ({
  indexId: 1,
  shard,
  nodeId,
  since: '2026-01-01T00:00:00Z',
  reason: 'moves in',
  cause,
});

const repair = (nodeId: string, settled: number, documents: number | null): RepairStatus => ({
  indexId: 1,
  nodeId,
  shards: [1],
  moving: true,
  phase: 'comparing',
  compared: 0,
  total: null,
  copied: settled,
  bytes: 0,
  deleted: 0,
  documents,
  settled,
  lastError: null,
});

it('tells documents, rate and time left of each move and of all together', () => {
  let stale = [mark('d', 3), mark('d', 1), mark('e', 2), mark('a', 0, 'missed')];
  let repairs = [repair('d', 0, 1_000), repair('e', 0, null)];
  let now = 0;
  const moves = createMoves({
    copies: { stale: () => stale },
    byId: () => ({ ...indexRecord(1), uid: 'movies' }),
    repairs: () => repairs,
    now: () => now,
  });
  const count = { expected: 3_000, moved: 500 };
  moves.look(count);
  now = 2_000;
  repairs = [repair('d', 400, 1_000), repair('e', 100, null)];
  moves.look(count);
  const told = moves.describe(count);
  expect(told).toMatchObject({ documents: { done: 1_000, total: 3_000 }, documentsPerSecond: 250, secondsLeft: 8 });
  expect(told.moves.map(({ node, shards, documents }) => [node, shards, documents])).toEqual([
    ['d', [1, 3], { done: 400, total: 1_000 }],
    ['e', [2], { done: 100, total: null }],
  ]);
  expect(told.moves[0]).toMatchObject({ index: 'movies', documentsPerSecond: 200, secondsLeft: 3 });
  // once everything is counted, what was expected does not matter
  repairs = [repair('d', 400, 1_000), repair('e', 100, 600)];
  expect(moves.describe(count).documents).toEqual({ done: 1_000, total: 2_100 });

  repairs = [];
  const waiting = moves.describe(count).moves[0];
  expect(waiting).toMatchObject({ phase: 'waiting', documents: { done: 0, total: null }, secondsLeft: null });
  stale = [];
  moves.look(count);
  expect(moves.describe(count)).toMatchObject({ documentsPerSecond: 0, secondsLeft: null, moves: [] });
});

it('a rate is that of the last seconds, and begins anew when the count goes down', () => {
  const meter = createRateMeter(10_000);
  expect(meter.perSecond()).toBe(0);
  for (let second = 0; second <= 60; second++) meter.note(second < 30 ? second * 100 : 3_000, second * 1_000);
  expect(meter.perSecond()).toBe(0);
  for (let second = 61; second <= 65; second++) meter.note(3_000 + (second - 60) * 200, second * 1_000);
  expect(meter.perSecond()).toBe(100);
  meter.note(0, 66_000);
  meter.note(50, 67_000);
  expect(meter.perSecond()).toBe(50);
});

it('time left is unknown without a total or a rate', () => {
  expect([secondsLeft(5, null, 3), secondsLeft(5, 10, 0), secondsLeft(10, 10, 0), secondsLeft(4, 10, 4)]).toEqual([
    null,
    null,
    0,
    2,
  ]);
});
