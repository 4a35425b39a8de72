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

test('writes are held back for as long as the work is expected to take, up to the most that is allowed, and then let in', async () => {
  const index = indexRecord(1);
  const gate = createGate(1_000);
  const quiet = createQuiet({
    active: { all: () => [] } as unknown as QuietOptions['active'],
    gate,
    access: { applied: async () => undefined, anyFailed: async () => false },
    maxHoldMs: 300,
  });
  const never = new AbortController().signal;
  const patience = { attempt: 1, expectedMs: 87.654_321 };
  expect(await quiet.hold(index, patience, never, async () => 'done')).toBe('done');
  const tooLong = async (within: AbortSignal) => {
    await sleep(60_000, undefined, { signal: within });
    return 'never';
  };
  expect(await quiet.hold(index, { attempt: 9 }, never, tooLong)).toBe(null);
  const failing = quiet.hold(index, patience, never, () => Promise.reject(new Error('the work failed')));
  await expect(failing).rejects.toThrow('the work failed');
  (await gate.enter([index.uid]))();
});
