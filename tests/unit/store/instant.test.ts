import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sortableInstant } from '../../../src/store/instant.ts';
import { nanoseconds } from './model.ts';

describe('sortable instants', () => {
  test('have one spelling', () => {
    expect(sortableInstant('2024-05-01T12:00:00.5+02:00')).toBe('2024-05-01T10:00:00.500000000Z');
    expect(sortableInstant('2024-05-01t10:00:00z')).toBe('2024-05-01T10:00:00.000000000Z');
    expect(sortableInstant('2016-12-31T23:59:60Z')).toBe('2016-12-31T23:59:59.999999999Z');
    expect(sortableInstant('2024-05-01T10:00:00.1234567899Z')).toBe('2024-05-01T10:00:00.123456789Z');
    expect(sortableInstant('0000-01-01T00:00:00+10:00') < sortableInstant('0001-01-01T00:00:00Z')).toBe(true);
    expect(sortableInstant('9999-12-31T23:59:59-10:00') > sortableInstant('9999-12-31T23:59:59Z')).toBe(true);
  });

  test.each(['', 'x', '2024-05-01', '2024-05-01T10:00:00', '2024-13-01T10:00:00Z', '2024-05-01T10:00:00.Z'])(
    '%j is none',
    (text) => {
      expect(() => sortableInstant(text)).toThrow(RangeError);
    },
  );

  test('sort as the instants do', () => {
    const offset = fc.constantFrom('Z', '+00:00', '+05:30', '-11:00');
    const fraction = fc.stringMatching(/^(\.[0-9]{1,9})?$/);
    const second = fc.integer({ min: 1_700_000_000, max: 1_700_000_003 });
    const instant = fc.tuple(second, fraction, offset).map(([at, digits, zone]) => {
      const minutes = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
      const shift = minutes === null ? 0 : Number(`${minutes[1]}1`) * (Number(minutes[2]) * 60 + Number(minutes[3]));
      return `${new Date((at + shift * 60) * 1000).toISOString().slice(0, 19)}${digits}${zone}`;
    });
    const property = fc.property(instant, instant, (a, b) => {
      const [x, y] = [sortableInstant(a), sortableInstant(b)];
      expect([x < y, x === y]).toEqual([nanoseconds(a) < nanoseconds(b), nanoseconds(a) === nanoseconds(b)]);
    });
    fc.assert(property, { seed: 7, numRuns: 500 });
  });
});
