import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineTime } from '../../../src/nodes/timing.ts';
import type { Sightings } from '../../../src/workers/messages.ts';
import { createAvoidedByWorkers, createSightings, takeNotice } from '../../../src/workers/sightings.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const none = () => [];
const failure = { nodeId: 'a', durationMs: 7, error: { kind: 'refused' as const, message: 'gone' } };

describe('sightings', () => {
  it('are told together after a while, failures at once', () => {
    const told: Sightings[] = [];
    const sightings = createSightings(
      machineTime,
      () => ['b'],
      (seen) => told.push(seen),
    );
    sightings.nodeOutcome({ nodeId: 'a', status: 200 });
    sightings.nodeOutcome({ nodeId: 'a', status: 500 });
    sightings.searched(12);
    vi.advanceTimersByTime(100);
    expect(told).toEqual([]);
    sightings.nodeOutcome(failure);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([{ answered: { a: 2 }, failures: [failure], searchMs: [12], avoided: ['b'] }]);
    sightings.searched(3);
    vi.advanceTimersByTime(1_000);
    expect(told[1]).toEqual({ answered: {}, failures: [], searchMs: [3], avoided: ['b'] });
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(2);
  });

  it('do not grow without bounds between two tellings', () => {
    const told: Sightings[] = [];
    const sightings = createSightings(machineTime, none, (seen) => told.push(seen));
    for (let i = 0; i < 10_000; i++) {
      sightings.nodeOutcome(failure);
      sightings.searched(1);
    }
    vi.advanceTimersByTime(1_000);
    expect(told[0]?.failures.length).toBeLessThan(1_000);
    expect(told[0]?.searchMs.length).toBeLessThan(1_000);
  });

  it('reach health and the pace of copying', () => {
    const observe = vi.fn();
    const searched = vi.fn();
    const avoidedByWorkers = createAvoidedByWorkers({ elapsed: () => performance.now() });
    const seen = { answered: { b: 2 }, failures: [failure], searchMs: [5, 6], avoided: ['b'] };
    takeNotice(seen, { health: { observe }, pacer: { searched }, avoidedByWorkers });
    expect(observe.mock.calls.map(([outcome]) => outcome)).toEqual([{ nodeId: 'b' }, { nodeId: 'b' }, failure]);
    expect(searched.mock.calls).toEqual([[5], [6]]);
    expect([avoidedByWorkers.has('a'), avoidedByWorkers.has('b')]).toEqual([false, true]);
    vi.advanceTimersByTime(5_000);
    expect(avoidedByWorkers.has('b')).toBe(false);
  });
});
