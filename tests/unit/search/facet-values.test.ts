import fc from 'fast-check';
import { expect, it } from 'vitest';
import { facetValue, readField } from '../../../src/search/merge/facet-values.ts';
import { normaliseValue } from '../../../src/search/merge/normalise.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('Zoo', 'zoo', ' é"\\ ', '\u0001', '\u2028', 'ＡＢ', '1', '-0.5', '10'),
);

/** A text as serde may write it, or with every character escaped. */
const quoted = fc
  .tuple(text, fc.boolean())
  .map(([one, escaped]) =>
    escaped
      ? `"${one.replace(/[\s\S]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
      : JSON.stringify(one),
  );

it('reads every value as it is written, however many came before', () => {
  fc.assert(
    fc.property(quoted, (one) => {
      const said = JSON.parse(one) as string;
      const expected = { text: said, key: normaliseValue(said), json: JSON.stringify(said) };
      expect(facetValue(one)).toEqual(expected);
      expect(facetValue(`${one}`)).toEqual(expected);
    }),
    { seed: 41, numRuns: 3_000 },
  );
});

it('forgets values when there are too many, and does not keep long ones', () => {
  const first = facetValue('"the first of many"');
  expect(facetValue('"the first of many"')).toBe(first);
  for (let i = 0; i < 20_000; i++) facetValue(`"value ${i}"`);
  expect(facetValue('"the first of many"')).not.toBe(first);
  const long = JSON.stringify('x'.repeat(500));
  expect(facetValue(long)).not.toBe(facetValue(long));
  expect(facetValue(long)).toEqual(facetValue(long));
});

it('reads a field alike whatever another node lists', () => {
  const counts = fc.array(fc.tuple(quoted, fc.nat(2 ** 32 - 1)), { maxLength: 12 });
  const written = (values: readonly (readonly [string, number])[]) =>
    `x{${values.map(([value, count]) => `${value}:${count}`).join(',')}}`;
  const range = fc.constantFrom(null, { min: '-1', max: '5' });
  fc.assert(
    fc.property(counts, counts, fc.boolean(), range, (own, other, alike, numbers) => {
      const { field: alone, end } = readField(written(own), 1, numbers);
      expect(end).toBe(written(own).length);
      const values = alone.numbers.values.concat(alone.strings.values).map(({ text: said }) => said);
      expect(values.sort()).toEqual(own.map(([value]) => JSON.parse(value) as string).sort());
      const sum = (list: readonly number[]) => list.reduce((all, one) => all + one, 0);
      expect(sum(alone.numbers.counts) + sum(alone.strings.counts)).toBe(sum(own.map(([, count]) => count)));
      for (const { text: said } of alone.numbers.values) expect(numbers !== null && Number(said) <= 5).toBe(true);
      const like = readField(written(alike ? own : other), 1, numbers).field;
      expect(readField(written(own), 1, numbers, like)).toEqual({ field: alone, end });
    }),
    { seed: 43, numRuns: 1_000 },
  );
});
