import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullSpeed, nextPace, type Pace, type PaceLimits, type PaceSignals } from '../../../src/repair/pace.ts';

const limits: PaceLimits = { most: 20_000, least: 500, slowdown: 2, taskAgeMs: 30_000 };
const calm: PaceSignals = { searchMs: 20, usualSearchMs: 20, oldestTaskMs: 100, copied: 4_000 };
const slow: PaceSignals = { ...calm, searchMs: 90 };
const waiting: PaceSignals = { ...calm, oldestTaskMs: 60_000 };

const anyLimits = fc.record({
  most: fc.constantFrom(0, 100, 1_000, 20_000, 10_000_000),
  least: fc.integer({ min: 1, max: 1_000 }),
  slowdown: fc.constantFrom(0, 1.5, 2, 5),
  taskAgeMs: fc.constantFrom(0, 1_000, 30_000),
});
const millis = fc.double({ min: 0, max: 100_000, noNaN: true });
const anySignals = fc.record({
  searchMs: fc.option(millis),
  usualSearchMs: fc.option(millis),
  oldestTaskMs: millis,
  copied: fc.integer({ min: 0, max: 1_000_000 }),
});

const paceAfter = (start: Pace, signals: readonly PaceSignals[], bounds: PaceLimits): Pace =>
  signals.reduce((pace, seen) => nextPace(pace, seen, bounds), start);
const rateOf = (pace: Pace) => pace.documentsPerSecond ?? Number.POSITIVE_INFINITY;

describe('the pace of copying', () => {
  it('stays between its bounds, whatever is seen', () => {
    fc.assert(
      fc.property(anyLimits, fc.array(anySignals, { maxLength: 60 }), (bounds, seen) => {
        const rate = rateOf(paceAfter(fullSpeed(bounds), seen, bounds));
        expect(rate).toBeGreaterThanOrEqual(Math.min(bounds.least, rateOf(fullSpeed(bounds))));
        expect(rate).toBeLessThanOrEqual(rateOf(fullSpeed(bounds)));
      }),
    );
  });

  it('is never higher when searches are slower or tasks wait longer', () => {
    fc.assert(
      fc.property(anyLimits, fc.array(anySignals), anySignals, millis, millis, (bounds, seen, now, more, longer) => {
        const before = paceAfter(fullSpeed(bounds), seen, bounds);
        const worse = {
          ...now,
          searchMs: now.searchMs === null ? null : now.searchMs + more,
          oldestTaskMs: now.oldestTaskMs + longer,
        };
        expect(rateOf(nextPace(before, worse, bounds))).toBeLessThanOrEqual(rateOf(nextPace(before, now, bounds)));
      }),
    );
  });

  it('comes down to the least while it goes on, and back to full speed afterwards', () => {
    fc.assert(
      fc.property(anyLimits, fc.constantFrom(slow, waiting), (bounds, bad) => {
        const watched = { ...bounds, slowdown: 2, taskAgeMs: 30_000 };
        const low = paceAfter(fullSpeed(watched), Array(60).fill(bad), watched);
        expect(low.documentsPerSecond).toBe(Math.min(watched.least, rateOf(fullSpeed(watched))));
        expect(paceAfter(low, Array(120).fill(calm), watched)).toEqual(fullSpeed(watched));
      }),
    );
  });

  it('says why it is what it is', () => {
    expect(nextPace(fullSpeed(limits), calm, limits)).toEqual({ documentsPerSecond: 20_000, reason: 'full speed' });
    const half = nextPace(fullSpeed(limits), slow, limits);
    expect(half).toEqual({ documentsPerSecond: 10_000, reason: 'searches are slower' });
    expect(nextPace(half, waiting, limits)).toEqual({ documentsPerSecond: 5_000, reason: 'tasks wait' });
    expect(nextPace(half, calm, limits)).toEqual({ documentsPerSecond: 12_500, reason: 'speeding up again' });
  });

  it('does not swing: near the limits it stays', () => {
    const half = nextPace(fullSpeed(limits), slow, limits);
    expect(nextPace(half, { ...calm, searchMs: 35 }, limits)).toBe(half);
    expect(nextPace(half, { ...calm, oldestTaskMs: 20_000 }, limits)).toBe(half);
  });

  it('begins to slow down at what is copied, where there is no limit', () => {
    const free = { ...limits, most: 0 };
    expect(nextPace(fullSpeed(free), slow, free).documentsPerSecond).toBe(2_000);
    expect(nextPace(fullSpeed(free), { ...slow, copied: 10 }, free).documentsPerSecond).toBe(500);
  });

  it('does not look at what is switched off, or not known', () => {
    const blind = { ...limits, slowdown: 0, taskAgeMs: 0 };
    expect(nextPace(fullSpeed(blind), { ...slow, ...waiting, searchMs: 90 }, blind)).toEqual(fullSpeed(blind));
    expect(nextPace(fullSpeed(limits), { ...slow, usualSearchMs: null }, limits)).toEqual(fullSpeed(limits));
  });
});
