import { beforeAll, expect, it } from 'vitest';
import { type ParsedPayload, parsePayload } from '../../../src/documents/payload.ts';
import { placeBatch } from '../../../src/documents/placed-batch.ts';
import { prepareBatch } from '../../../src/documents/prepare-batch.ts';
import { atOnce, inTurns, type Work } from '../../../src/documents/turns.ts';
import { initHash } from '../../../src/placement/hash.ts';

beforeAll(initHash);

/** Adds up numbers, each of which takes a while. */
function* sum(numbers: readonly number[], ms: number): Work<number> {
  let all = 0;
  for (const one of numbers) {
    for (const end = performance.now() + ms; performance.now() < end; );
    if (one < 0) throw new RangeError('less than nothing');
    all += one;
    yield;
  }
  return all;
}

it('gives the same in turns as at once, also errors', async () => {
  expect(atOnce(sum([1, 2, 3], 0))).toBe(6);
  expect(await inTurns(sum([1, 2, 3], 0))).toBe(6);
  expect(() => atOnce(sum([1, -1], 0))).toThrow('less than nothing');
  await expect(inTurns(sum([1, -1], 0))).rejects.toThrow('less than nothing');
});

it('lets others have their turn while it lasts', async () => {
  let turns = 0;
  let done = false;
  const count = () => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await inTurns(sum(Array(40).fill(1), 2));
  done = true;
  expect(turns).toBeGreaterThan(5);
});

/** Does work, and tells how often it could have been interrupted. */
function counted<T>(work: Work<T>): { yields: number; result: T } {
  for (let yields = 0; ; yields++) {
    const step = work.next();
    if (step.done === true) return { yields, result: step.value };
  }
}

it('can interrupt whatever goes through all documents of a batch', () => {
  const documents = Array.from({ length: 40_000 }, (_, id) => ({ id, text: 'x'.repeat(50) }));
  const json = documents.map((document) => JSON.stringify(document));
  const bodies = {
    json: `[${json.join(',')}]`,
    ndjson: json.join('\n'),
    csv: `id,text\n${documents.map(({ id, text }) => `${id},${text}`).join('\n')}`,
  };
  let parsed: ParsedPayload | null = null;
  for (const format of ['csv', 'ndjson', 'json'] as const) {
    const { yields, result } = counted(parsePayload({ format, body: Buffer.from(bodies[format]), csvDelimiter: null }));
    expect([result.documents.length, yields > 100]).toEqual([documents.length, true]);
    parsed = result;
  }
  const request = { documents: parsed?.documents ?? [], requestedPrimaryKey: null, indexUid: 'x' };
  const prepared = counted(prepareBatch({ ...request, primaryKey: 'id', geoEnabled: false }));
  if (!prepared.result.ok) throw new Error('the batch is fine');
  const placed = counted(placeBatch(request.documents, prepared.result.ids, 16));
  expect([prepared.yields > 100, placed.yields > 100]).toEqual([true, true]);
});
