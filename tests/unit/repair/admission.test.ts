import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { createAdmission } from '../../../src/repair/admission.ts';
import { judgeDisk } from '../../../src/repair/node-disk.ts';
import type { NewestNodeTask } from '../../../src/store/records.ts';

const log = pino({ level: 'silent' });
const signal = new AbortController().signal;
afterEach(() => vi.useRealTimers());

/** What is known of a node's newest task, and the tasks that are on it. */
function disk(known: NewestNodeTask | null, present: { uid: number; enqueuedAt: string }[]) {
  const read = async (_node: string, path: string) => {
    const uid = /^\/tasks\/(\d+)$/.exec(path)?.[1];
    if (uid === undefined) return { results: present.slice(-1) };
    return present.find((task) => task.uid === Number(uid)) ?? null;
  };
  const access = { read } as unknown as Parameters<typeof judgeDisk>[1];
  return judgeDisk({ newestNodeTask: async () => known }, access, 'n', signal);
}

test('a disk is told by the newest task that the node took', async () => {
  const at = (uid: number, second: number) => ({ uid, enqueuedAt: `2026-01-01T00:00:0${second}.1234567Z` });
  expect(await disk(null, [])).toBe('same');
  expect(await disk(at(5, 1), [at(4, 0), at(5, 1), at(6, 2)])).toBe('same');
  expect(await disk({ uid: 5, enqueuedAt: null }, [at(5, 1)])).toBe('same');
  expect(await disk(at(5, 1), [])).toBe('other');
  expect(await disk(at(5, 1), [at(4, 0)])).toBe('other');
  expect(await disk(at(5, 1), [at(5, 2), at(6, 3)])).toBe('other');
  expect(await disk(at(5, 1), [at(9, 3)])).toBe('unclear');
});

function admissionOf(
  admit: (node: string, otherDisk: boolean) => Promise<void>,
  verdict: () => 'same' | 'other' = () => 'same',
) {
  const up = new Set(['n']);
  const health = { up: (node: string) => up.has(node) };
  const check = { admit, disk: async () => verdict() };
  return { up, admission: createAdmission({ nodes: () => ['n'], health, check, log }) };
}

test('a node is used only after it was looked at, and is looked at again until that works', async () => {
  vi.useFakeTimers();
  let broken = true;
  const { admission, up } = admissionOf(async () => {
    if (broken) throw new Error('no');
  });
  expect([admission.up('n'), admission.recovering('n')]).toEqual([false, true]);
  await admission.start();
  expect(admission.up('n')).toBe(false);
  broken = false;
  await vi.advanceTimersByTimeAsync(1_100);
  expect([admission.up('n'), admission.recovering('n')]).toEqual([true, false]);
  up.delete('n');
  admission.changed('n');
  expect([admission.up('n'), admission.recovering('n')]).toEqual([false, false]);
  admission.stop();
});

test('a look that began before the node went down does not let it in', async () => {
  vi.useFakeTimers();
  const waiting: (() => void)[] = [];
  const { admission, up } = admissionOf(() => new Promise((resolve) => waiting.push(resolve)));
  void admission.start();
  up.delete('n');
  admission.changed('n');
  up.add('n');
  admission.changed('n');
  waiting.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(admission.up('n')).toBe(false);
  await vi.advanceTimersByTimeAsync(1_100);
  waiting.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(admission.up('n')).toBe(true);
  admission.stop();
});

test('a disk that is exchanged between two probes is noticed', async () => {
  vi.useFakeTimers();
  let looks = 0;
  let verdict: 'same' | 'other' = 'same';
  const { admission } = admissionOf(
    async () => {
      looks++;
      verdict = 'same';
    },
    () => verdict,
  );
  await admission.start();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(looks).toBe(1);
  verdict = 'other';
  await vi.advanceTimersByTimeAsync(10_100);
  expect([looks, admission.up('n')]).toEqual([2, true]);
  admission.stop();
});

test('a node that was found to have another disk is not used until it was let in as one', async () => {
  vi.useFakeTimers();
  const looks: boolean[] = [];
  const waiting: (() => void)[] = [];
  const { admission } = admissionOf((_node, otherDisk) => {
    looks.push(otherDisk);
    return new Promise((resolve) => waiting.push(resolve));
  });
  const started = admission.start();
  waiting.shift()?.();
  await started;
  admission.otherDisk('n');
  expect(admission.up('n')).toBe(false);
  // once more while it is being looked at: that look began too early
  admission.otherDisk('n');
  waiting.shift()?.();
  await vi.advanceTimersByTimeAsync(1_100);
  expect(admission.up('n')).toBe(false);
  waiting.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect([admission.up('n'), looks]).toEqual([true, [false, true, true]]);
  admission.stop();
});
