import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMembers, type Place, scanObject, skipString, withoutMembers } from '../../../src/json/scan.ts';

const name = fc.constantFrom('a', 'b', '"quoted"', 'new\nline', 'other', 'é');
const space = fc.constantFrom('', ' ', '\n');
const object = fc
  .array(fc.tuple(name, fc.jsonValue({ maxDepth: 3 }), space), { maxLength: 6 })
  .map((given) => given.map(([key, value, gap]) => `${gap}${JSON.stringify(key)}${gap}:${JSON.stringify(value)}${gap}`))
  .map((written) => `{${written.join(',')}}`);

describe('skipString', () => {
  it('finds the end of strings of any length, whatever is escaped in them', () => {
    const text = fc.string({ unit: fc.constantFrom('\\', '"', 'x', 'é', '\n'), maxLength: 80 });
    fc.assert(
      fc.property(text, text, (before, value) => {
        const written = JSON.stringify(value);
        const start = before.length + 1;
        expect(skipString(`${before}:${written},"next"`, start)).toBe(start + written.length);
        expect(() => skipString(`${before}:${written.slice(0, -1)}`, start)).toThrow('unterminated');
      }),
      { seed: 13, numRuns: 1_000 },
    );
  });
});

describe('findMembers', () => {
  it('finds the last member of each name, and the end, as taking the object apart does', () => {
    fc.assert(
      fc.property(object, (text) => {
        const wanted = ['a', '"quoted"', 'new\nline', 'missing'];
        const names = wanted.map((one) => JSON.stringify(one));
        const { places, end } = findMembers(`[${text},7]`, 1, names);
        const whole = scanObject(`[${text},7]`, 1);
        expect(end).toBe(whole.end);
        const last = wanted.map((one) => whole.list.findLast(({ key }) => key === one));
        expect(places).toEqual(
          last.map((found) => {
            if (found === undefined) return null;
            const { key: _key, ...place } = found;
            return place;
          }),
        );
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

describe('findMembers with a likely value', () => {
  it('finds the same, whether or not the value is there', () => {
    const nested = fc
      .oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
      .map((v) => JSON.stringify(v));
    fc.assert(
      fc.property(object, nested, nested, fc.boolean(), (text, likely, other, isThere) => {
        const rest = text === '{}' ? '}' : `,${text.slice(1)}`;
        const whole = `{"first":${isThere ? likely : other}${rest}`;
        const names = ['"first"', '"a"', '"b"'];
        expect(findMembers(whole, 0, names, likely)).toEqual(findMembers(whole, 0, names));
      }),
      { seed: 14, numRuns: 500 },
    );
  });
});

describe('withoutMembers', () => {
  it('leaves out the members named and keeps the others as they are written', () => {
    fc.assert(
      fc.property(object, fc.array(fc.boolean(), { maxLength: 6 }), (text, choice) => {
        const { list, end } = scanObject(text);
        const left = list.filter((_, i) => choice[i] === true);
        const kept = list.filter((member) => !left.includes(member));
        const cut = withoutMembers(`x${text}`, 1, end + 1, left.map(shifted));
        const pieces = (whole: string) => scanObject(whole).list.map((one) => whole.slice(one.keyStart, one.valueEnd));
        expect(pieces(cut)).toEqual(kept.map(({ keyStart, valueEnd }) => text.slice(keyStart, valueEnd)));
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  const shifted = ({ keyStart, valueStart, valueEnd }: Place): Place => ({
    keyStart: keyStart + 1,
    valueStart: valueStart + 1,
    valueEnd: valueEnd + 1,
  });
});
