import { describe, expect, test } from 'vitest';
import { diff, diffAnswers } from './compare.ts';
import { products, texts } from './corpus.ts';
import { parseRaw, printRaw } from './raw-json.ts';
import { Report } from './report.ts';
import { searchCases } from './requests.ts';
import { alignTies, rankedHits } from './ties.ts';

const answer = (text: string, status = 200) => ({ status, text });
const paths = (expected: string, got: string) => diff(parseRaw(expected), parseRaw(got)).map((one) => one.path);

describe('comparing answers', () => {
  test('numbers are compared as written, keys of documents in any order', () => {
    expect(paths('{"a":1.0,"b":2}', '{"b":2,"a":1.0}')).toEqual([]);
    expect(paths('{"a":1.0}', '{"a":1}')).toEqual(['$.a']);
    expect(paths('{"a":9007199254740993}', '{"a":9007199254740992}')).toEqual(['$.a']);
  });

  test('a missing, an added and a null field are three different things', () => {
    expect(paths('{"a":null}', '{}')).toEqual(['$.a']);
    expect(paths('{}', '{"_miroir_shard":"!"}')).toEqual(['$._miroir_shard']);
    expect(paths('{"hits":[{"a":1},{"a":2}]}', '{"hits":[{"a":1}]}')).toEqual(['$.hits length']);
  });

  test('status, top-level key order and texts that are no JSON count', () => {
    expect(diffAnswers(answer('', 404), answer('{}', 404))).toHaveLength(1);
    expect(diffAnswers(answer('{}', 200), answer('{}', 202))).toHaveLength(1);
    expect(diffAnswers(answer('{"a":1,"b":2}'), answer('{"b":2,"a":1}'))).toHaveLength(1);
  });

  test('times may differ, but not between present and null', () => {
    expect(diffAnswers(answer('{"startedAt":"x"}'), answer('{"startedAt":"y"}'))).toEqual([]);
    expect(diffAnswers(answer('{"startedAt":null}'), answer('{"startedAt":"y"}'))).toHaveLength(1);
  });

  test('raw text survives parsing and printing', () => {
    const text = '{"a":[1.0,-0,1e3,"\\"]{",true,null],"é":{"b":[]}}';
    expect(printRaw(parseRaw(text))).toBe('{"a":[1.0,-0,1e3,"\\"]{",true,null],"é":{"b":[]}}');
    expect(() => parseRaw('{"a":1}}')).toThrow(SyntaxError);
  });
});

describe('ties', () => {
  const hits = (...list: [string, string][]) => list.map(([id, details]) => ({ id, details }));
  const page = { startsAtZero: true, isFull: false };

  test('equal details may stand in another order, other hits may not', () => {
    const expected = hits(['1', 'x'], ['2', 'x'], ['3', 'y']);
    expect(alignTies(expected, hits(['2', 'x'], ['1', 'x'], ['3', 'y']), page)).toEqual([1, 0, 2]);
    expect(alignTies(expected, hits(['1', 'x'], ['3', 'y'], ['2', 'x']), page)).toBeNull();
    expect(alignTies(expected, hits(['1', 'x'], ['9', 'x'], ['3', 'y']), page)).toBeNull();
  });

  test('a group cut by the end of a full page may show another of its members', () => {
    const expected = hits(['1', 'x'], ['2', 'y'], ['3', 'y']);
    const got = hits(['1', 'x'], ['3', 'y'], ['4', 'y']);
    expect(alignTies(expected, got, { startsAtZero: true, isFull: true })).toEqual([0, null, 1]);
    expect(alignTies(expected, got, page)).toBeNull();
  });

  test('folded typo scores do not rank, counts do', () => {
    const text = (count: number, max: number) =>
      `{"hits":[{"id":1,"_rankingScoreDetails":{"typo":{"order":1,"typoCount":${count},"maxTypoCount":${max},"score":0.5}}}]}`;
    expect(rankedHits(text(0, 1), 'id')).toEqual(rankedHits(text(0, 2), 'id'));
    expect(rankedHits(text(0, 1), 'id')).not.toEqual(rankedHits(text(1, 1), 'id'));
  });
});

describe('generated data', () => {
  test('is the same for the same seed', () => {
    expect(products(50).documents).toEqual(products(50).documents);
    expect(products(50, 1).documents).not.toEqual(products(50, 2).documents);
    expect(searchCases(texts(100), 2, 9, 'all')).toEqual(searchCases(texts(100), 2, 9, 'all'));
  });

  test('is valid JSON with unique ids and the hard cases in it', () => {
    const { documents } = products(2_000);
    expect(new Set(documents.map((document) => String(JSON.parse(document).id))).size).toBe(2_000);
    for (const rare of ['.0,', '"serial":9007199254741', 'null', '日本', '"_geo"', '\\\\']) {
      expect(documents.some((document) => document.includes(rare))).toBe(true);
    }
  });
});

test('a report names the categories below their floor', () => {
  const report = new Report('x');
  report.add('good', 'r', []);
  report.add('bad', 'r', [{ path: '$', expected: '1', got: '2' }]);
  report.add('bad', 'r', []);
  expect(report.below()).toEqual(['bad']);
  expect(report.below({ bad: 0.5 })).toEqual([]);
});
