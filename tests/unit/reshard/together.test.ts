import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from '../../../src/reshard/together.ts';

test('results come in order', async () => {
  const works = [20, 1].map((ms) => async () => {
    await sleep(ms);
    return ms;
  });
  expect(await together(works, new AbortController().signal)).toEqual([20, 1]);
});

test('a failure interrupts the others, and is told once they have ended', async () => {
  let ended = false;
  const patient = async (signal: AbortSignal) => {
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    await sleep(20);
    ended = true;
  };
  const failing = async () => {
    throw new Error('first');
  };
  await expect(together([patient, failing], new AbortController().signal)).rejects.toThrow('first');
  expect(ended).toBe(true);
});
