import { expect, test } from 'vitest';
import { simulateAll } from './pool.ts';

test('schedules come to the same in one process and in two', async () => {
  const seen: number[] = [];
  const options = { first: 2_000, runs: 6, onDone: (done: number) => seen.push(done) };
  const [alone, shared] = [
    await simulateAll({ ...options, processes: 1 }),
    await simulateAll({ ...options, processes: 2 }),
  ];
  expect(alone.acknowledged).toBeGreaterThan(options.runs * 10);
  expect(shared).toEqual(alone);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
}, 180_000);
