import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listPatterns, mostSpecificPattern, patternMatches } from '../../../src/keys/patterns.ts';

describe('index patterns', () => {
  test.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a*', 'a', true],
    ['a*', 'ab', true],
    ['a*', 'b', false],
    ['*', '', true],
    ['A*', 'ab', false],
    ['a*b', 'axb', false],
  ])('%s on %s: %s', (pattern, uid, expected) => {
    expect(patternMatches(pattern, uid)).toBe(expected);
  });

  test('an exact uid says more than any beginning, a longer beginning more than a shorter', () => {
    expect(mostSpecificPattern(['*', 'ab*', 'a*'], 'abc')).toBe('ab*');
    expect(mostSpecificPattern(['abc*', 'abc', '*'], 'abc')).toBe('abc');
    expect(mostSpecificPattern(['x', 'y*'], 'abc')).toBeNull();
  });

  test('whatever is chosen matches, in any order of the patterns', () => {
    const patterns = fc.uniqueArray(fc.stringMatching(/^[ab]{0,3}\*?$/));
    const property = fc.property(patterns, fc.stringMatching(/^[ab]{1,4}$/), (list, uid) => {
      const chosen = mostSpecificPattern(list, uid);
      expect(mostSpecificPattern(list.toReversed(), uid)).toBe(chosen);
      expect(chosen === null ? list.some((one) => patternMatches(one, uid)) : !patternMatches(chosen, uid)).toBe(false);
    });
    fc.assert(property, { seed: 3, numRuns: 300 });
  });

  test('are listed once each, by code point, escaped', () => {
    expect(listPatterns(['b', 'a"', 'b', '😀', '\uffee', '*'])).toBe('["*", "a\\"", "b", "\uffee", "😀"]');
    expect(listPatterns([])).toBe('[]');
  });
});
