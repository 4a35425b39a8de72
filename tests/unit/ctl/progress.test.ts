import { describe, expect, test } from 'vitest';
import { createProgressBar, progressLine, timeLeft } from '../../../src/ctl/progress.ts';

const format = (value: number) => `${value} documents`;

describe('progressLine', () => {
  test('shows share, amount, rate and the time left', () => {
    const line = progressLine({ label: 'importing', done: 500, total: 2_000, format }, 10_000, 0);
    expect(line).toBe(
      'importing  ██████░░░░░░░░░░░░░░░░░░  25%  500 documents of 2000 documents  50 documents/s  30s left',
    );
  });

  test('takes the rate from what was done since, not from what had been done before', () => {
    const line = progressLine({ label: 'importing', done: 1_500, total: 2_000, format }, 10_000, 1_400);
    expect(line).toContain('10 documents/s  50s left');
  });

  test('leaves out what is not known', () => {
    expect(progressLine({ label: 'unpacking', done: 0, total: null, format }, 0, 0)).toBe('unpacking  0 documents');
    expect(progressLine({ label: 'importing', done: 0, total: 0, format }, 5, 0)).toContain('100%');
    expect(progressLine({ label: 'importing', done: 9, total: 9, format }, 1_000, 0)).not.toContain('left');
  });
});

test('timeLeft keeps to two units', () => {
  expect([0.2, 59, 61, 3_600, 7_380].map(timeLeft)).toEqual(['1s', '59s', '1m 01s', '1h 00m', '2h 03m']);
});

describe('createProgressBar', () => {
  const record = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, stream: { isTTY, write: (text: string) => written.push(text) } };
  };

  test('draws over itself on a terminal', () => {
    const { written, stream } = record(true);
    const bar = createProgressBar(stream, () => 0);
    bar.update({ label: 'a', done: 1, total: 2, format });
    bar.update({ label: 'a', done: 2, total: 2, format });
    bar.end();
    expect(written).toHaveLength(3);
    expect(written[1]).toMatch(/^\r/);
    expect(written[2]).toBe('\n');
  });

  test('draws several lines over themselves on a terminal, with rates and notes of their own', () => {
    const { written, stream } = record(true);
    const bar = createProgressBar(stream, () => 0);
    const two = (done: number) => [
      { label: 'a', done, total: 20, format, perSecond: 5 },
      { label: 'b', done, total: null, format, perSecond: 0, note: 'waiting' },
    ];
    bar.updateAll(two(5));
    bar.updateAll(two(10));
    bar.end();
    expect(written).toHaveLength(3);
    expect(written[1]).toBe(
      '\r\u001b[1A\u001b[Ja  ████████████░░░░░░░░░░░░  50%  10 documents of 20 documents  5 documents/s  2s left\nb  10 documents  waiting',
    );
  });

  test('writes a line now and then elsewhere, and nothing when quiet', () => {
    let now = 0;
    const { written, stream } = record(false);
    const bar = createProgressBar(stream, () => now);
    for (now = 0; now <= 25_000; now += 1_000) bar.update({ label: 'a', done: now, total: null, format });
    bar.end();
    expect(written).toHaveLength(3);
    expect(written.every((line) => line.endsWith('\n'))).toBe(true);
    const quiet = record(true);
    createProgressBar(quiet.stream, () => 0, true).update({ label: 'a', done: 0, total: null, format });
    expect(quiet.written).toEqual([]);
  });
});
