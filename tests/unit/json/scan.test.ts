import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMembers, scanObject } from '../../../src/json/scan.ts';

describe('findMembers', () => {
  it('finds the last member of each name, and the end, as taking the object apart does', () => {
    const name = fc.constantFrom('a', 'b', '"quoted"', 'new\nline', 'other', 'é');
    const spaced = fc.tuple(name, fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('', ' ', '\n'));
    fc.assert(
      fc.property(fc.array(spaced, { maxLength: 6 }), (given) => {
        const written = given.map(
          ([key, value, space]) => `${space}${JSON.stringify(key)}${space}:${JSON.stringify(value)}`,
        );
        const text = `[{${written.join(',')}},7]`;
        const wanted = ['a', '"quoted"', 'new\nline', 'missing'];
        const { places, end } = findMembers(
          text,
          1,
          wanted.map((one) => JSON.stringify(one)),
        );
        const whole = scanObject(text, 1);
        expect(end).toBe(whole.end);
        const last = wanted.map((one) => whole.list.findLast(({ key }) => key === one));
        expect(places).toEqual(
          last.map((member) => ({ start: member?.valueStart ?? -1, end: member?.valueEnd ?? -1 })),
        );
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});
