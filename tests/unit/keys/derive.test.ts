import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sameSecret } from '../../../src/keys/derive.ts';

it('tells secrets apart whatever their length and characters', () => {
  const secret = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('a', '\0'), maxLength: 4 }),
    fc.integer({ min: 250, max: 260 }).map((length) => 'x'.repeat(length)),
  );
  fc.assert(
    fc.property(secret, secret, (one, other) => {
      expect(sameSecret(one, other)).toBe(one === other);
      expect(sameSecret(one, `${one}`)).toBe(true);
      expect(sameSecret(one, `${one}\0`)).toBe(false);
      expect(sameSecret(one, `${one}é`)).toBe(false);
    }),
    { seed: 41, numRuns: 500 },
  );
});
