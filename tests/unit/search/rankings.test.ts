import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf } from '../../../src/json/byte-text.ts';
import { parseRanking } from '../../../src/search/merge/order.ts';
import { rankingOf } from '../../../src/search/merge/rankings.ts';

const rule = fc.record({ order: fc.nat(5), score: fc.double({ noNaN: true }), value: fc.string({ unit: 'grapheme' }) });
const details = fc
  .dictionary(fc.constantFrom('words', 'typo', 'price:asc', 'é:desc'), rule)
  .map((d) => JSON.stringify(d));

it('reads every ranking as it is written, however many came before', () => {
  fc.assert(
    fc.property(details, (text) => {
      expect(rankingOf(bytesOf(text))).toEqual(parseRanking(text));
      expect(rankingOf(bytesOf(text))).toEqual(parseRanking(text));
    }),
    { seed: 31, numRuns: 3_000 },
  );
});

it('reads what it has met once, unless it is long', () => {
  const short = bytesOf('{"words":{"order":0,"matchingWords":1,"maxMatchingWords":1,"score":1}}');
  expect(rankingOf(short)).toBe(rankingOf(bytesOf(`${short}`)));
  const long = bytesOf(JSON.stringify({ 'name:asc': { order: 0, value: 'x'.repeat(2_000) } }));
  expect(rankingOf(long)).not.toBe(rankingOf(long));
  expect(rankingOf(long)).toEqual(rankingOf(long));
});
