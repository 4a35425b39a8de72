import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { initHash, shardOf } from '../../../src/placement/hash.ts';
import { pinnedIds } from '../../../src/search/filter/narrow.ts';
import { parseExpression, parseFilter } from '../../../src/search/filter/parse.ts';
import { escapeDebug, FilterProblem } from '../../../src/search/filter/problem.ts';
import { narrowedShards } from '../../../src/search/filter/shards.ts';
import { unescapeValue } from '../../../src/search/filter/unescape.ts';
import { indexRecord } from './fixtures.ts';

const problem = (filter: unknown): string => {
  try {
    parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterProblem) return error.message;
    throw error;
  }
  return 'none';
};

const operations =
  'Was expecting an operation `=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, `IS NULL`, `IS NOT NULL`, `IS EMPTY`, `IS NOT EMPTY`, `CONTAINS`, `NOT CONTAINS`, `STARTS WITH`, `NOT STARTS WITH`, `_geoRadius`, or `_geoBoundingBox`';

describe('parseFilter', () => {
  it.each([
    ['a =', 'Was expecting a value but instead got nothing.\n4:4 a ='],
    ['a = "b', 'Expression `\\"b` is missing the following closing delimiter: `"`.\n5:7 a = "b'],
    ['a = "b\\', 'Malformed value: `b\\\\`.\n6:8 a = "b\\'],
    ['(a = 1', 'Expression `(a = 1` is missing the following closing delimiter: `)`.\n1:7 (a = 1'],
    [
      'a = 1 b',
      'Found unexpected characters at the end of the filter: `b`. You probably forgot an `OR` or an `AND` rule.\n7:8 a = 1 b',
    ],
    ['a IN b', 'Expected `[` after `IN` keyword.\n6:7 a IN b'],
    ['a IN [b', 'Expected matching `]` after the list of field names given to `IN[`\n8:8 a IN [b'],
    [
      'a IN [b AND]',
      'Expected only comma-separated field names inside `IN[..]` but instead found `AND]`.\n9:13 a IN [b AND]',
    ],
    [
      'AND = 1',
      'Was expecting a value but instead got `AND`, which is a reserved keyword. To use `AND` as a field name or a value, surround it by quotes.\n1:4 AND = 1',
    ],
    [
      '_geoRadius(1,2,3,4)',
      'The `_geoRadius` filter expects three arguments: `_geoRadius(latitude, longitude, radius)`.\n20:20 _geoRadius(1,2,3,4)',
    ],
    [
      '_vectors.a x',
      'Was expecting an operation like `EXISTS` or `NOT EXISTS` after the vector filter.\n12:13 _vectors.a x',
    ],
    ['a', `${operations} at \`a\`.\n1:2 a`],
    [['a = 1', [5]], 'Invalid syntax for the filter parameter: `expected String, found: 5`.'],
    [[5], 'Invalid syntax for the filter parameter: `expected String, [String], found: 5`.'],
    [5, 'Invalid syntax for the filter parameter: `expected String, Array, found: 5`.'],
    [{ a: 1 }, 'Invalid syntax for the filter parameter: `expected String, Array, found: {"a":1}`.'],
  ])('refuses %j in the server’s words', (filter, message) => {
    expect(problem(filter)).toBe(message);
  });

  it('counts columns in characters, from the last line break', () => {
    expect(problem('é = 1\nAND b =')).toMatch(/\n8:8 /);
  });

  it('reads every form of condition', () => {
    const conditions = [
      'a = 1',
      '\'a b\' != "c"',
      'a < 1 AND b >= 2 OR NOT c <= 3',
      'a 1 TO 2',
      'a IN [1, "b c",]',
      'a NOT IN []',
      'a EXISTS AND b NOT EXISTS',
      'a IS NULL OR a IS NOT NULL',
      'a IS EMPTY OR a IS NOT EMPTY',
      'a STARTS WITH b OR a NOT CONTAINS c',
      '_geoRadius(1, -2.5, 3e2) AND _geoBoundingBox([1,2],[3,4])',
      '_vectors EXISTS OR _vectors.a.fragments.b NOT EXISTS',
      '((((a = 1))))',
    ];
    for (const condition of conditions) expect(problem(condition)).toBe('none');
    expect(parseFilter(['', ['  '], []])).toBeNull();
  });

  it('bounds nesting', () => {
    expect(problem(`${'('.repeat(300)}a = 1${')'.repeat(300)}`)).toContain('exceeded the maximum depth limit');
    expect(problem(`${'('.repeat(20)}a = 1${')'.repeat(20)}`)).toBe('none');
  });

  it('either parses or explains, whatever it is given', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      'NOT',
      'AND',
      '(',
      ')',
      'IN',
      '[',
      ']',
      '"',
      "'",
      '\\',
      '1',
      ',',
      'TO',
      '_geo',
      '\n',
      'é',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 12 }), (pieces) => {
        expect(problem(pieces.join(' '))).not.toBe('');
      }),
      { seed: 8, numRuns: 1_000 },
    );
  });
});

describe('escapes', () => {
  it('reads sequences as the server does', () => {
    expect(unescapeValue('a\\n\\x41\\u{1F600}\\u0041\\101\\/')).toEqual({ value: 'a\nA😀AA/' });
    expect(unescapeValue('\\q')).toEqual({ fault: 'malformed' });
    expect(unescapeValue('\\xzz')).toEqual({ fault: 'number' });
    expect(unescapeValue('\\')).toEqual({ fault: 'malformed' });
  });

  it('prints pieces of a filter as Rust does', () => {
    expect(escapeDebug('a"b\'c\\d\ne\u00a0f')).toBe('a\\"b\\\'c\\\\d\\ne\\u{a0}f');
  });
});

describe('narrowing', () => {
  beforeAll(initHash);

  const ids = (filter: string) => {
    const pinned = pinnedIds(parseExpression(filter), 'id');
    return pinned === null ? null : [...pinned].sort();
  };

  it.each([
    ['id = 5', ['5']],
    ['id IN [1, 2, 3] AND price > 2', ['1', '2', '3']],
    ['id = 1 OR (id = 2 AND x = 3)', ['1', '2']],
    ['id IN [1, 2] AND id = 2', ['2']],
    ['id = "12_3"', ['12_3']],
    ['id IN []', []],
  ])('%s pins %j', (filter, expected) => {
    expect(ids(filter)).toEqual(expected);
  });

  it.each([
    'id != 5',
    'NOT id = 5',
    'id = 5 OR x = 1',
    'id = 01',
    'id = 1.0',
    'id = "+1"',
    'id = "-1"',
    'id = abc',
    'id IN [1, abc]',
    'id > 5',
    'x = 5',
    'id = 9007199254740993',
  ])('%s pins nothing', (filter) => {
    expect(ids(filter)).toBeNull();
  });

  it('names the shards of the ids, and one for none', () => {
    const index = indexRecord({ shards: 64 });
    const expected = [...new Set(['1', '2'].map((id) => shardOf(id, 64)))].sort((a, b) => a - b);
    expect(narrowedShards('id IN [1, 2]', index)).toEqual(expected);
    expect(narrowedShards('id IN []', index)).toEqual([0]);
    expect(narrowedShards('id = 1 AND (', index)).toBeNull();
    expect(narrowedShards(5, index)).toBeNull();
    expect(narrowedShards('id = 1', { ...index, primaryKey: null })).toBeNull();
  });
});
