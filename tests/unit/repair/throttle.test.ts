import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createThrottle } from '../../../src/repair/throttle.ts';

let now = 0;
const sleeps: number[] = [];
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    sleeps.push(ms);
    now += ms;
  },
}));

beforeEach(() => {
  now = 0;
  sleeps.length = 0;
});
afterEach(() => {
  vi.clearAllMocks();
});

const signal = new AbortController().signal;

it('lets so many documents through in a second, over all who take from it', async () => {
  const throttle = createThrottle(1_000, () => now);
  for (let i = 0; i < 40; i++) await throttle.take(250, signal);
  expect(now).toBe(10_000);
  expect(throttle.taken).toBe(10_000);
});

it('lets everything through without a rate, and goes on at another rate once that is set', async () => {
  const throttle = createThrottle(null, () => now);
  await throttle.take(1_000_000, signal);
  expect(now).toBe(0);
  throttle.setRate(100);
  await throttle.take(50, signal);
  expect(now).toBe(500);
  throttle.setRate(null);
  await throttle.take(1_000_000, signal);
  expect(now).toBe(500);
});

it('gives up when it is told to', async () => {
  const throttle = createThrottle(10, () => now);
  await expect(throttle.take(1, AbortSignal.abort())).rejects.toThrow();
});
