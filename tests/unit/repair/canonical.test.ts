import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { canonicalDocument, canonicalValue, contentHash } from '../../../src/repair/canonical.ts';
import { sendable } from '../../../src/repair/uploads.ts';

beforeAll(initHash);

/** A value's JSON with white space and the keys of objects in an order chosen by `pick`. */
function shuffled(value: unknown, pick: () => number): string {
  if (Array.isArray(value)) return `[ ${value.map((one) => shuffled(one, pick)).join(' ,')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .map((entry) => ({ entry, at: pick() }))
    .sort((a, b) => a.at - b.at);
  return `{${entries.map(({ entry: [key, one] }) => `${JSON.stringify(key)} : ${shuffled(one, pick)}`).join(', ')}}`;
}

const keyed = fc.dictionary(fc.string(), fc.jsonValue());

describe('canonical documents', () => {
  test('do not depend on the order of keys or on white space', () => {
    fc.assert(
      fc.property(keyed, fc.infiniteStream(fc.nat()), (document, order) => {
        fc.pre(!('_vectors' in document) && !('__proto__' in document));
        const pick = () => Number(order.next().value);
        expect(canonicalDocument(shuffled(document, pick))).toBe(canonicalDocument(JSON.stringify(document)));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('differ when a value differs', () => {
    fc.assert(
      fc.property(keyed, fc.string(), fc.jsonValue(), (document, key, value) => {
        fc.pre(key !== '_vectors' && key !== '__proto__' && !('__proto__' in document));
        fc.pre(canonicalValue(JSON.stringify(document[key] ?? 'absent')) !== canonicalValue(JSON.stringify(value)));
        const changed = { ...document, [key]: value };
        expect(contentHash(JSON.stringify(changed))).not.toBe(contentHash(JSON.stringify(document)));
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test('keep numbers as they are written', () => {
    const texts = ['1', '1.0', '10e-1', '9007199254740993', '9007199254740992'];
    expect(new Set(texts.map((text) => canonicalDocument(`{"a":${text}}`))).size).toBe(texts.length);
  });

  test('compare embeddings that clients gave, not those that nodes made', () => {
    const vectors = (embedding: string, regenerate: boolean) =>
      canonicalDocument(`{"id":1,"_vectors":{"e":{"embeddings":[[${embedding}]],"regenerate":${regenerate}}}}`);
    expect(vectors('1.0,2.0', true)).toBe(vectors('3.0,4.0', true));
    expect(vectors('1.0,2.0', false)).not.toBe(vectors('3.0,4.0', false));
    expect(vectors('1.0,2.0', true)).not.toBe(vectors('1.0,2.0', false));
    expect(canonicalDocument('{"id":1,"_vectors":{}}')).toBe(canonicalDocument('{"id":1}'));
  });
});

test('what is sent is the text as it was listed, without an empty object of embeddings', () => {
  expect(sendable('{"b":1.0,"a":"\\u00e9"}')).toBe('{"b":1.0,"a":"\\u00e9"}');
  expect(sendable('{"b":1.0,"_vectors":{},"a":{}}')).toBe('{"b":1.0,"a":{}}');
  expect(sendable('{"_vectors":{"e":[1.0]}}')).toBe('{"_vectors":{"e":[1.0]}}');
});
