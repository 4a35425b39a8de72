import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BatchLimits, lineBatches } from '../../../src/dumps/batches.ts';
import { positions } from '../../../src/dumps/node-stream.ts';
import { mergeByVersion } from '../../../src/dumps/read-documents.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'miroir-batches-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function batches(text: string, limits: BatchLimits, from = 0) {
  const file = join(folder, 'lines');
  writeFileSync(file, text);
  const found: { text: string; lines: number; end: number }[] = [];
  for await (const { body, lines, end } of lineBatches(file, from, limits))
    found.push({ text: body.toString(), lines, end });
  return found;
}

describe('lineBatches', () => {
  test('cuts at line ends, by bytes and by lines, and needs no last line end', async () => {
    const found = await batches('aa\nbb\ncc\ndd', { bytes: 7, lines: 10, maxLineBytes: 100 });
    expect(found.map(({ text }) => text)).toEqual(['aa\nbb\n', 'cc\ndd']);
    const byLines = await batches('a\nb\nc\nd\n', { bytes: 100, lines: 3, maxLineBytes: 100 });
    expect(byLines).toEqual([
      { text: 'a\nb\nc\n', lines: 3, end: 6 },
      { text: 'd\n', lines: 1, end: 8 },
    ]);
  });

  test('takes a line longer than a batch alone, and refuses one beyond the limit', async () => {
    const long = 'x'.repeat(50);
    const found = await batches(`a\n${long}\nb\n`, { bytes: 8, lines: 10, maxLineBytes: 50 });
    expect(found.map(({ text }) => text)).toEqual(['a\n', `${long}\n`, 'b\n']);
    const limits = { bytes: 8, lines: 10, maxLineBytes: 49 };
    await expect(batches(`a\n${long}\nb\n`, limits)).rejects.toMatchObject({ code: 'miroir_invalid_dump' });
    await expect(batches(long, limits)).rejects.toMatchObject({ code: 'miroir_invalid_dump' });
  });

  test('gives every line once, whatever the limits, and goes on from any end', async () => {
    const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (lines, bytes, most) => {
          const text = lines.map((one) => `${one}\n`).join('');
          const limits = { bytes, lines: most, maxLineBytes: 1_000 };
          const found = await batches(text, limits);
          expect(found.map((batch) => batch.text).join('')).toBe(text);
          expect(found.reduce((sum, batch) => sum + batch.lines, 0)).toBe(lines.length);
          expect(found.every((batch) => batch.lines <= most)).toBe(true);
          const middle = found[Math.floor(found.length / 2)];
          if (middle === undefined) return;
          const rest = await batches(text, limits, middle.end);
          expect(rest.map((batch) => batch.text).join('')).toBe(Buffer.from(text).subarray(middle.end).toString());
        },
      ),
      { seed: 7, numRuns: 150 },
    );
  });
});

describe('positions', () => {
  test('puts a document with a late version where its successor is', () => {
    expect(positions(['a', 'z', 'c', 'y'], ['d', 'x'])).toEqual(['a', 'c', 'c', 'd']);
    expect(positions(['a', 'z'], [])).toEqual(['a', 'z']);
    expect(positions([], ['a'])).toEqual([]);
  });

  test('never descend', () => {
    const versions = fc.array(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 20 });
    fc.assert(
      fc.property(versions, versions, (own, following) => {
        const found = positions(own, following);
        expect(found).toHaveLength(own.length);
        for (let i = 1; i < found.length; i++) expect((found[i - 1] ?? '') <= (found[i] ?? '')).toBe(true);
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});

describe('mergeByVersion', () => {
  async function* stream(items: string[], onEnd: () => void = () => undefined) {
    try {
      for (const item of items) yield { text: item, position: item };
    } finally {
      onEnd();
    }
  }

  test('gives every document once, in order', async () => {
    const found: string[] = [];
    for await (const text of mergeByVersion([stream(['a', 'd', 'e']), stream([]), stream(['b', 'c', 'f'])]))
      found.push(text);
    expect(found.join('')).toBe('abcdef');
  });

  test('ends every stream when the reader stops', async () => {
    let ended = 0;
    const count = () => {
      ended++;
    };
    for await (const text of mergeByVersion([stream(['a', 'c'], count), stream(['b'], count)])) {
      if (text === 'a') break;
    }
    expect(ended).toBe(2);
  });
});
