import { expect, test } from 'vitest';
import { mergeProgress, percentageOf } from '../../../src/tasks/progress.ts';
import { partOf } from '../store/records.ts';

const step = (finished: number, total: number) => ({ currentStep: 's', finished, total });

test('each step divides one unit of the step around it', () => {
  expect(percentageOf([])).toBe(0);
  expect(percentageOf([step(1, 2)])).toBe(50);
  expect(percentageOf([step(1, 2), step(1, 5)])).toBe(60);
  expect(percentageOf([step(1, 2), step(5, 5)])).toBe(100);
  expect(percentageOf([step(0, 0)])).toBe(0);
});

test('a task is as far as its parts are on average, and shows the steps of the slowest node', () => {
  const parts = [
    partOf(1, { part: 0, nodeId: 'n1', status: 'succeeded' }),
    partOf(1, { part: 1, nodeId: 'n2', status: 'processing' }),
    partOf(1, { part: 2, nodeId: 'n3', status: 'processing' }),
    partOf(1, { part: 3, nodeId: 'n4', status: 'enqueued' }),
  ];
  const [slow, fast] = [[step(1, 5)], [step(4, 5)]];
  const byNode = new Map([
    ['n2', { steps: fast, percentage: 80 }],
    ['n3', { steps: slow, percentage: 20 }],
    // What this node works on is something else: its part waits.
    ['n4', { steps: [], percentage: 5 }],
  ]);
  expect(mergeProgress(parts, byNode)).toEqual({ steps: slow, percentage: 50 });
  expect(mergeProgress(parts, new Map())).toEqual({ steps: [], percentage: 25 });
  expect(mergeProgress([], byNode)).toEqual({ steps: [], percentage: 0 });
});
