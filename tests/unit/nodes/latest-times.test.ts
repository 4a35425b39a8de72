import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatestTimes } from '../../../src/nodes/latest-times.ts';

const kept = 128;
const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 3 * kept });
const ascending = (a: number, b: number) => a - b;

function timesOf(all: readonly number[]): LatestTimes {
  const latest = new LatestTimes();
  for (const time of all) latest.add(time);
  return latest;
}

describe('the latest times', () => {
  it('have the median of the last few', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 9 }), (all, few) => {
        const last = all.slice(-few).sort(ascending);
        expect(timesOf(all).median(few)).toBe(last[Math.floor(last.length / 2)] ?? null);
      }),
      { seed: 21, numRuns: 300 },
    );
  });

  it('have quantiles of those that are kept, once there are enough', () => {
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.95, 1), (all, share) => {
        const last = all.slice(-kept).sort(ascending);
        const expected = last.length < 16 ? null : last[Math.ceil(last.length * share) - 1];
        expect(timesOf(all).quantile(share)).toBe(expected);
      }),
      { seed: 22, numRuns: 300 },
    );
  });

  it('begin anew when they are cleared', () => {
    const latest = timesOf(Array.from({ length: 200 }, () => 9));
    latest.clear();
    expect(latest.median(5)).toBeNull();
    latest.add(3);
    expect(latest.median(5)).toBe(3);
    expect(latest.quantile(0.95)).toBeNull();
  });
});
