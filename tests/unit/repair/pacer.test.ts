import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPacer } from '../../../src/repair/pacer.ts';
import { createThrottle } from '../../../src/repair/throttle.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const limits = { most: 20_000, least: 500, slowdown: 2, taskAgeMs: 30_000 };
const never = new AbortController().signal;

function start() {
  const rates: (number | null)[] = [];
  const throttle = createThrottle(null);
  const seen = { oldestTaskMs: 0, busy: false };
  const pacer = createPacer({
    limits,
    throttle: {
      get taken() {
        return throttle.taken;
      },
      setRate: (rate) => rates.push(rate),
    },
    busy: () => seen.busy,
    oldestTaskMs: () => seen.oldestTaskMs,
    now: () => performance.now(),
    log: pino({ enabled: false }),
  });
  pacer.start();
  /** Seconds in which searches take so many milliseconds, and documents are copied or not. */
  async function pass(seconds: number, searchMs: number, copying: boolean): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (let i = 0; i < 10; i++) pacer.searched(searchMs);
      if (copying) await throttle.take(100, never);
      vi.advanceTimersByTime(1_000);
    }
  }
  return { pacer, rates, seen, pass };
}

it('slows down when searches get slower than they were before copying began, and recovers', async () => {
  const { pacer, rates, pass } = start();
  await pass(15, 20, false);
  await pass(5, 22, true);
  expect([pacer.pace().reason, rates]).toEqual(['full speed', []]);
  await pass(12, 80, true);
  expect(pacer.pace()).toEqual({ documentsPerSecond: 500, reason: 'searches are slower' });
  await pass(40, 20, true);
  expect(pacer.pace().reason).toBe('full speed');
  expect(rates.at(-1)).toBe(20_000);
  pacer.stop();
});

it('does not take what is slow while a repair waits for usual', async () => {
  const { pacer, seen, pass } = start();
  await pass(15, 20, false);
  seen.busy = true;
  await pass(30, 80, false);
  expect(pacer.pace()).toEqual({ documentsPerSecond: 500, reason: 'searches are slower' });
  pacer.stop();
});

it('slows down when tasks wait, also where nobody searches, and is at full speed once nothing was copied for a while', async () => {
  const { pacer, seen, pass } = start();
  seen.oldestTaskMs = 40_000;
  await pass(3, 20, true);
  expect(pacer.pace()).toEqual({ documentsPerSecond: 2_500, reason: 'tasks wait' });
  await pass(12, 20, false);
  expect(pacer.pace().reason).toBe('full speed');
  pacer.stop();
});
