import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { stamp } from '../../../src/documents/markers.ts';
import { buildNodeBody } from '../../../src/documents/node-body.ts';
import { checkCsvDelimiter, parsePayload } from '../../../src/documents/payload.ts';
import { type PlacedBatch, placeBatch } from '../../../src/documents/placed-batch.ts';
import { type BatchRequest, prepareBatch } from '../../../src/documents/prepare-batch.ts';
import { atOnce } from '../../../src/documents/turns.ts';
import type { StreamedBody } from '../../../src/nodes/client.ts';
import { initHash, shardOf } from '../../../src/placement/hash.ts';

beforeAll(initHash);

const read = (text: string, format: 'json' | 'ndjson' | 'csv' = 'json'): string[] =>
  atOnce(parsePayload({ format, body: Buffer.from(text), csvDelimiter: null })).documents;

async function textOf(body: Buffer | StreamedBody): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString();
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function batch(documents: readonly string[], change: Partial<BatchRequest> = {}) {
  const request = { primaryKey: null, requestedPrimaryKey: null, geoEnabled: false, indexUid: 'movies' };
  return atOnce(prepareBatch({ documents, ...request, ...change }));
}

describe('payloads', () => {
  it('keep every document as it was written', () => {
    const first = '{ "id" : 12345678901234567890,\n "price":1.0, "x":"\\u00e9 \\"}{[" }';
    const second = '{"id":2,"b":[ {}, [1e5] ]}';
    expect(read(` [ ${first} ,\n${second}]`)).toEqual([first, second]);
    expect(read(` ${first} `)).toEqual([first]);
    expect(read(`${first}\n\n${second}`, 'ndjson')).toEqual([first, second]);
  });

  it('cut any array of objects where its documents stand', () => {
    const documents = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
    fc.assert(
      fc.property(documents, fc.constantFrom(0, 1), (list, indent) => {
        expect(read(JSON.stringify(list, null, indent)).map((raw) => JSON.parse(raw) as unknown)).toEqual(
          JSON.parse(JSON.stringify(list)),
        );
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('become JSON from CSV, by the types in the header', () => {
    expect(read('id,price:number,ok:boolean,name\n1, 1.50 ,true,"a ""b"""\n2,,,', 'csv')).toEqual([
      '{"id":"1","price":1.5,"ok":true,"name":"a \\"b\\""}',
      '{"id":"2","price":null,"ok":null,"name":null}',
    ]);
  });

  it('are refused before any task exists', () => {
    expect(() => read('')).toThrow('A json payload is missing.');
    expect(() => read('[1]')).toThrow('invalid type: integer `1`, expected a map at line 1 column 1');
    expect(() => read('a:number\nx', 'csv')).toThrow('invalid float literal');
  });

  it('may name their CSV delimiter', () => {
    expect(checkCsvDelimiter(null, 'json', 'application/json')).toBeNull();
    expect(checkCsvDelimiter(';', 'csv', 'text/csv')).toBe(';');
    expect(() => checkCsvDelimiter('ab', 'csv', 'text/csv')).toThrow('following string of 2 characters: `ab`');
    expect(() => checkCsvDelimiter('é', 'csv', 'text/csv')).toThrow('must be an ascii character');
    expect(() => checkCsvDelimiter(',', 'json', 'application/json')).toThrow('does not support');
  });
});

describe('batches', () => {
  it('tell ids as text, whatever their type', () => {
    const documents = ['{"id":1}', '{"id":"1"}', '{"id":9007199254740993}', '{"x":2,"\\u0069d":"a\\u0062"}'];
    expect(batch(documents)).toEqual({
      doubtful: new Set(),
      ok: true,
      primaryKey: 'id',
      ids: ['1', '1', '9007199254740993', 'ab'],
      distinctIds: 3,
      received: 4,
    });
  });

  it('refuse Miroir names, wherever in the batch, and only at the top', () => {
    const result = batch(['{"id":1}', '{"id":2,"_miroir_shard":"x"}']);
    expect(result).toMatchObject({ ok: false, error: { code: 'miroir_reserved_field' }, primaryKeyAfter: null });
    expect(batch(['{"id":2,"\\u005fmiroir_x":1}']).ok).toBe(false);
    expect(batch(['{"id":2,"a":{"_miroir_x":1},"miroir_":"_miroir_"}']).ok).toBe(true);
  });

  it('keep the index key when they fail', () => {
    expect(batch(['{"id":1}'], { primaryKey: 'sku' })).toMatchObject({
      ok: false,
      error: { code: 'missing_document_id', message: 'Document doesn\'t have a `sku` attribute: `{"id":1}`.' },
      primaryKeyAfter: 'sku',
    });
    expect(batch([], { primaryKey: 'sku', requestedPrimaryKey: 'id' })).toMatchObject({
      error: { code: 'index_primary_key_already_exists' },
    });
  });

  it('look at what a document will be, not at what a later version replaces', () => {
    const documents = ['{"id":1,"_geo":5}', '{"id":1,"x":1}'];
    expect(batch(documents, { geoEnabled: true }).ok).toBe(true);
    expect(batch(documents, { geoEnabled: true, mode: 'update' })).toMatchObject({
      error: { code: 'invalid_document_geo_field' },
    });
  });
});

describe('node bodies', () => {
  const place = (raw: readonly string[], shards: number) =>
    atOnce(
      placeBatch(
        raw,
        raw.map((text) => String((JSON.parse(text) as { id: number }).id)),
        shards,
      ),
    );
  const even = (count: number, half: number) => new Set([...Array(count).keys()].filter((shard) => shard % 2 === half));

  /** Documents of a body as they are to be: those of some shards, stamped, in payload order. */
  const expected = (raw: readonly string[], { shards }: PlacedBatch, owned: ReadonlySet<number>) =>
    `[${raw
      .map((text, i) => ({ shard: shards[i] ?? -1, text: stamp(text, shards[i] ?? 0, 1_000n + BigInt(i)) }))
      .filter(({ shard }) => owned.has(shard))
      .map(({ text }) => text)
      .join(',')}]`;

  it('hold each document of the owned shards once, stamped, in payload order', async () => {
    const documents = fc.array(fc.record({ id: fc.nat(50), text: fc.string({ unit: 'grapheme' }) }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(documents, fc.integer({ min: 1, max: 8 }), async (list, count) => {
        const raw = list.map((document) => JSON.stringify(document));
        const placed = place(raw, count);
        for (const half of [0, 1]) {
          const owned = even(count, half);
          const body = buildNodeBody(placed, owned, 1_000n);
          expect(await textOf(body)).toBe(expected(raw, placed, owned));
          expect(Buffer.isBuffer(body)).toBe(true);
        }
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it('are made while they are sent when they are large: the same text of the announced length, each time', async () => {
    const text = fc.constantFrom('x'.repeat(9_000), 'é'.repeat(9_000), '𝄞'.repeat(4_000), '\u2028"{}');
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 60, maxLength: 120 }), async (texts) => {
        const raw = texts.map((one, id) => JSON.stringify({ id, text: one }));
        const placed = place(raw, 8);
        for (const half of [0, 1]) {
          const owned = even(8, half);
          const body = buildNodeBody(placed, owned, 1_000n);
          expect(await textOf(body)).toBe(expected(raw, placed, owned));
          expect(await textOf(body)).toBe(expected(raw, placed, owned));
          expect(body.byteLength).toBe(Buffer.byteLength(await textOf(body)));
        }
      }),
      { seed: 8, numRuns: 40 },
    );
  });

  it('never stand in memory as a whole when they are large', async () => {
    const raw = Array.from({ length: 300 }, (_, id) => JSON.stringify({ id, text: 'é'.repeat(9_000) }));
    const body = buildNodeBody(place(raw, 1), new Set([0]), 1n);
    const lengths: number[] = [];
    for await (const piece of body as StreamedBody) lengths.push(piece.length);
    expect(lengths.length).toBeGreaterThan(5);
    expect(Math.max(...lengths)).toBeLessThan(body.byteLength / 5);
  });

  it('are an empty array when no document is owned', async () => {
    const placed = place(['{"id":1}'], 4);
    const others = new Set([0, 1, 2, 3].filter((shard) => shard !== placed.shards[0]));
    expect(await textOf(buildNodeBody(placed, others, 1n))).toBe('[]');
  });
});

describe('a placed batch', () => {
  it('groups ids by shard in payload order, and knows the bytes of each', () => {
    const documents = ['{"id":"a"}', '{"id":"b","x":"é"}', '{"id":"a","y":1}'];
    const { shards, ids, bytes } = atOnce(placeBatch(documents, ['a', 'b', 'a'], 4_096));
    const [a, b] = ['a', 'b'].map((id) => shardOf(id, 4_096)) as [number, number];
    expect([...shards]).toEqual([a, b, a]);
    expect(ids).toEqual(
      new Map([
        [a, ['a', 'a']],
        [b, ['b']],
      ]),
    );
    const length = (position: number, shard: number) =>
      Buffer.byteLength(stamp(documents[position] as string, shard, 5n));
    expect([bytes[a], bytes[b]]).toEqual([length(0, a) + length(2, a), length(1, b)]);
    expect(bytes.reduce((sum, one) => sum + one)).toBe(length(0, a) + length(2, a) + length(1, b));
  });
});
