import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { installVirtualTime, type VirtualTime } from './virtual-time.ts';

let time: VirtualTime | null = null;
const install = () => {
  time = installVirtualTime(() => 0.5);
  return time;
};
afterEach(() => time?.uninstall());

describe('virtual time', () => {
  test('passes only as far as something waits for it, in the order of the timers', async () => {
    const virtual = install();
    const seen: string[] = [];
    const work = (async () => {
      const note = (what: string) => seen.push(`${virtual.now()} ${what} ${performance.now()}`);
      setTimeout(() => note('late'), 3_600_000);
      const every = setInterval(() => note('every'), 400_000);
      clearTimeout(setTimeout(() => note('never'), 5));
      setImmediate(() => note('immediate'));
      await sleep(1_000_000);
      note('slept');
      clearInterval(every);
      await new Promise((resolve) => setTimeout(resolve, 3_000_000));
      return Math.random();
    })();
    expect(await virtual.run(work, 10_000_000)).toBe(0.5);
    expect(seen).toEqual([
      '0 immediate 0',
      '400000 every 400000',
      '800000 every 800000',
      '1000000 slept 1000000',
      '3600000 late 3600000',
    ]);
  });

  test('says so when nothing can go on, or not in time', async () => {
    const virtual = install();
    await expect(virtual.run(new Promise(() => undefined), 1_000)).rejects.toThrow('nothing is left');
    await expect(virtual.run(sleep(5_000), 1_000)).rejects.toThrow('not done');
    await expect(virtual.run(Promise.reject(new Error('mine')), 1_000)).rejects.toThrow('mine');
  });

  test('ends a sleep that is aborted', async () => {
    const virtual = install();
    const controller = new AbortController();
    const slept = sleep(60_000, null, { signal: controller.signal }).catch((error: Error) => error.name);
    setTimeout(() => controller.abort(), 10);
    expect(await virtual.run(slept, 1_000)).toBe('AbortError');
    expect(virtual.now()).toBe(10);
  });

  test('aborts a signal when its time is over, and not before', async () => {
    const virtual = install();
    const signal = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(3_000)]);
    await virtual.run(sleep(2_999), 10_000);
    expect(signal.aborted).toBe(false);
    await virtual.run(sleep(1), 10_000);
    expect((signal.reason as Error).name).toBe('TimeoutError');
  });

  test('gives the process its own time back', async () => {
    install().uninstall();
    time = null;
    expect(Date.now()).toBeGreaterThan(Date.UTC(2026, 0, 2));
    await sleep(1);
  });
});
