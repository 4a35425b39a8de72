import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { stamp } from '../../../src/documents/markers.ts';
import { buildNodeBody, groupByShard } from '../../../src/documents/node-body.ts';
import { checkCsvDelimiter, parsePayload } from '../../../src/documents/payload.ts';
import { type BatchRequest, prepareBatch } from '../../../src/documents/prepare-batch.ts';
import { initHash, shardOf } from '../../../src/placement/hash.ts';

beforeAll(initHash);

const read = (text: string, format: 'json' | 'ndjson' | 'csv' = 'json'): string[] =>
  parsePayload({ format, body: Buffer.from(text), csvDelimiter: null }).documents;

const textOf = (body: Buffer | Iterable<Buffer>): string =>
  Buffer.isBuffer(body) ? body.toString() : Buffer.concat([...body]).toString();

function batch(documents: readonly string[], change: Partial<BatchRequest> = {}) {
  return prepareBatch({
    documents,
    primaryKey: null,
    requestedPrimaryKey: null,
    geoEnabled: false,
    indexUid: 'movies',
    ...change,
  });
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
  it('hold each document of the owned shards once, stamped, in payload order', () => {
    const documents = fc.array(fc.record({ id: fc.nat(50), text: fc.string() }), { maxLength: 40 });
    fc.assert(
      fc.property(documents, fc.integer({ min: 1, max: 8 }), (list, count) => {
        const raw = list.map((document) => JSON.stringify(document));
        const shards = list.map(({ id }) => shardOf(String(id), count));
        const bodies = [0, 1].map((half) => {
          const owned = new Set([...Array(count).keys()].filter((shard) => shard % 2 === half));
          return textOf(buildNodeBody({ documents: raw, shards, firstVersion: 1_000n }, owned));
        });
        const expected = [0, 1].map((half) =>
          raw
            .map((text, i) => ({ shard: shards[i] ?? 0, text: stamp(text, shards[i] ?? 0, 1_000n + BigInt(i)) }))
            .filter(({ shard }) => shard % 2 === half)
            .map(({ text }) => text),
        );
        expect(bodies).toEqual(expected.map((texts) => `[${texts.join(',')}]`));
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it('are made while they are sent when they are large: the same text of the announced length, each time', () => {
    const chunk = fc.constantFrom('x'.repeat(9_000), 'é'.repeat(9_000), '𝄞'.repeat(4_000), '\u2028"{}');
    const documents = fc.array(fc.tuple(chunk, fc.nat(3)), { minLength: 60, maxLength: 120 });
    fc.assert(
      fc.property(documents, (list) => {
        const raw = list.map(([text], id) => JSON.stringify({ id, text }));
        const shards = list.map(([, shard]) => shard);
        const owned = new Set([0, 1, 2]);
        const body = buildNodeBody({ documents: raw, shards, firstVersion: 7n }, owned);
        const expected = raw
          .map((text, i) => ({ shard: shards[i] ?? 0, text: stamp(text, shards[i] ?? 0, 7n + BigInt(i)) }))
          .filter(({ shard }) => owned.has(shard))
          .map(({ text }) => text);
        expect(textOf(body)).toBe(`[${expected.join(',')}]`);
        expect(textOf(body)).toBe(`[${expected.join(',')}]`);
        expect(body.byteLength).toBe(Buffer.byteLength(textOf(body)));
      }),
      { seed: 8, numRuns: 40 },
    );
  });

  it('never stand in memory as a whole when they are large', () => {
    const raw = Array.from({ length: 300 }, (_, id) => JSON.stringify({ id, text: 'é'.repeat(9_000) }));
    const body = buildNodeBody({ documents: raw, shards: raw.map(() => 3), firstVersion: 1n }, new Set([3]));
    expect(Buffer.isBuffer(body)).toBe(false);
    const pieces = [...(body as Iterable<Buffer>)].map((piece) => piece.length);
    expect(pieces.length).toBeGreaterThan(5);
    expect(Math.max(...pieces)).toBeLessThan(body.byteLength / 5);
  });

  it('are an empty array when no document is owned', () => {
    const batch = { documents: ['{"id":1}'], shards: [3], firstVersion: 1n };
    expect(textOf(buildNodeBody(batch, new Set([2])))).toBe('[]');
  });

  it('go by groups of shards', () => {
    expect([...groupByShard([2, 0, 2])]).toEqual([
      [2, [0, 2]],
      [0, [1]],
    ]);
  });
});
