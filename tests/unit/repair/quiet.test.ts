import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createQuiet, type QuietOptions } from '../../../src/repair/quiet.ts';
import { createGate } from '../../../src/tasks/gate.ts';
import { indexRecord } from '../store/records.ts';

test('tasks that are being sent are waited for, those that come meanwhile are not', async () => {
  const index = indexRecord(1);
  const task = (uid: number) => ({ record: { uid, indexId: index.id, phase: 'sending' }, parts: [] });
  let tasks = [task(1)];
  const quiet = createQuiet({
    active: { all: () => tasks } as unknown as QuietOptions['active'],
    gate: createGate(1_000),
    access: { applied: async () => undefined, anyFailed: async () => false },
    maxHoldMs: 1_000,
  });
  let done = false;
  const waiting = quiet.applied(index, ['a'], AbortSignal.timeout(30_000)).then(() => {
    done = true;
  });
  await sleep(60);
  expect(done).toBe(false);
  tasks = [task(1), task(2)];
  await sleep(60);
  expect(done).toBe(false);
  tasks = [task(2), task(3)];
  await waiting;
});
