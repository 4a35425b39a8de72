import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CountedValues, facetValue, isNumber } from '../../../src/search/merge/facet-values.ts';
import { normaliseValue } from '../../../src/search/merge/normalise.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('Zoo', 'zoo', ' é"\\ ', '\u0001', '\u2028', 'ＡＢ', '1', '-0.5', '10'),
);

it('knows every value, however many came before', () => {
  fc.assert(
    fc.property(text, (one) => {
      const expected = { text: one, key: normaliseValue(one), json: JSON.stringify(one) };
      expect(facetValue(one)).toEqual(expected);
      expect(facetValue(`${one}`)).toEqual(expected);
    }),
    { seed: 41, numRuns: 3_000 },
  );
});

it('forgets values when there are too many, and does not keep long ones', () => {
  const first = facetValue('the first of many');
  expect(facetValue('the first of many')).toBe(first);
  for (let i = 0; i < 20_000; i++) facetValue(`value ${i}`);
  expect(facetValue('the first of many')).not.toBe(first);
  const long = 'x'.repeat(500);
  expect(facetValue(long)).not.toBe(facetValue(long));
  expect(facetValue(long)).toEqual(facetValue(long));
});

it('counts texts that compare alike as one value, in the spelling that came first', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.nat(2 ** 32 - 1))), (counts) => {
      const values = new CountedValues();
      for (const [one, count] of counts) values.add(one, count);
      const expected = new Map<string, { spellings: Set<string>; count: number }>();
      for (const [one, count] of counts) {
        const before = expected.get(normaliseValue(one)) ?? { spellings: new Set(), count: 0 };
        expected.set(normaliseValue(one), { spellings: before.spellings.add(one), count: before.count + count });
      }
      const listed = values.list().map(({ value, count, disputed }) => [value.key, value.text, count, disputed]);
      expect(listed).toEqual(
        Array.from(expected, ([key, { spellings, count }]) => [key, [...spellings][0], count, spellings.size > 1]),
      );
      expect(values.size).toBe(expected.size);
      expect(values.sum()).toBe(counts.reduce((sum, [, count]) => sum + count, 0));
    }),
    { seed: 43, numRuns: 1_000 },
  );
});

it('tells the numbers of a field by how they are printed and by their range', () => {
  const range = { min: -1, max: 5 };
  for (const number of ['-1', '0', '-0.5', '5', '4.25']) expect(isNumber(number, range)).toBe(true);
  for (const other of ['-2', '6', '01', '1.0', '1e0', '', ' 1', 'x']) expect(isNumber(other, range)).toBe(false);
  expect(isNumber('1', null)).toBe(false);
});
