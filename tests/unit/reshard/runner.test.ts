import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { createRunner, type Runner, type Work } from '../../../src/reshard/runner.ts';
import type { IndexRecord } from '../../../src/store/records.ts';
import { indexRecord } from '../store/records.ts';

let runner: Runner | undefined;

afterEach(async () => {
  await runner?.stop();
  vi.useRealTimers();
});

const record: IndexRecord = indexRecord(7, {
  state: 'shadow',
  shadow: { of: 1, phase: 'filling', since: '', startedAt: '', servedUntil: null },
});

function start(next: () => Work): Runner {
  vi.useFakeTimers();
  const state = { catalog: { all: () => [indexRecord(1), record] } } as unknown as Parameters<
    typeof createRunner
  >[0]['state'];
  runner = createRunner({ state, next, log: pino({ level: 'silent' }) });
  runner.start();
  return runner;
}

test('work that fails is told about and tried again after a pause', async () => {
  let tries = 0;
  const subject = start(() => async () => {
    tries++;
    if (tries === 1) throw new Error('node b is down');
    await new Promise(() => undefined);
  });
  await vi.advanceTimersByTimeAsync(300);
  expect([tries, subject.attempt(7)?.lastError]).toEqual([1, 'node b is down']);
  await vi.advanceTimersByTimeAsync(500);
  expect(tries).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(tries).toBe(2);
  expect(subject.attempt(1)).toBeNull();
  runner = undefined;
});

test('an interruption ends the work before the change, and nothing is done meanwhile', async () => {
  const events: string[] = [];
  const subject = start(() => (_progress, signal) => {
    events.push('work');
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        events.push('interrupted');
        reject(new Error('aborted'));
      });
    });
  });
  await vi.advanceTimersByTimeAsync(300);
  const changed = subject.interrupt(7, async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    events.push('changed');
    return 'done';
  });
  expect(await changed).toBe('done');
  expect(events).toEqual(['work', 'interrupted', 'changed']);
  await vi.advanceTimersByTimeAsync(300);
  expect(events.at(-1)).toBe('work');
  expect(subject.attempt(7)?.lastError).toBeNull();
});
