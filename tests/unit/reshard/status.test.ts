import { expect, test } from 'vitest';
import { newReshardProgress, paceOf } from '../../../src/reshard/progress.ts';
import { describeReshard } from '../../../src/reshard/service.ts';
import type { Shadow } from '../../../src/store/records.ts';

const index = { uid: 'movies', shards: 4 };
const shadow: Shadow = {
  of: 1,
  phase: 'filling',
  since: '2026-01-01T10:00:00Z',
  startedAt: '2026-01-01T09:00:00Z',
  servedUntil: null,
};

test('an index without a shadow is idle', () => {
  expect(describeReshard(index, null, null, 1_000)).toMatchObject({
    state: 'idle',
    step: null,
    shards: 4,
    otherShards: null,
    startedAt: null,
    error: null,
  });
});

test('a shadow that is filled tells how far it is, and why the last attempt failed', () => {
  const progress = { ...newReshardProgress(), step: 'copying' as const, done: 120, total: 100, copied: 7 };
  const attempt = { progress, lastError: 'node b is down' };
  expect(describeReshard(index, { shards: 16, shadow }, attempt, 1_000)).toMatchObject({
    state: 'filling',
    step: 'copying',
    otherShards: 16,
    rollback: false,
    documents: { done: 100, total: 100 },
    copied: 7,
    keptUntil: null,
    error: 'node b is down',
  });
});

test('one that served before is gone back to, or kept for a while', () => {
  const served = { ...shadow, servedUntil: '2026-01-01T09:30:00Z' };
  expect(describeReshard(index, { shards: 2, shadow: served }, null, 1_000).rollback).toBe(true);
  const kept = { ...served, phase: 'kept' as const };
  const status = describeReshard(index, { shards: 2, shadow: kept }, null, 60_000);
  expect(status).toMatchObject({ state: 'kept', rollback: false, step: null });
  expect(Date.parse(status.keptUntil!)).toBe(Date.parse('2026-01-01T10:01:00Z'));
});

test('the pace tells the time left once there is one', () => {
  const progress = { ...newReshardProgress(), done: 50, total: 250, since: 1_000 };
  expect(paceOf(progress, 6_000)).toEqual({ documentsPerSecond: 10, secondsLeft: 20 });
  expect(paceOf({ ...progress, total: null }, 6_000)).toEqual({ documentsPerSecond: 10, secondsLeft: null });
  expect(paceOf({ ...progress, done: 0 }, 6_000)).toEqual({ documentsPerSecond: null, secondsLeft: null });
});
