import { describe, expect, it } from 'vitest';
import { canonicalRules, type RulesKind } from '../../../src/search/federated/ranking-rules.ts';
import { incompatibility } from '../../../src/search/federated/rule-conflicts.ts';

const standard = ['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness'];

function rules(kind: RulesKind, sort: string[] | null = null, list = standard, strategy: 'last' | 'all' = 'last') {
  const canonical = canonicalRules(list, { sort, matchingStrategy: strategy }, kind);
  if (canonical === null) throw new Error('a sort criterion that is none');
  return canonical;
}

const kinds = (...given: Parameters<typeof rules>) => rules(...given).rules.map((rule) => rule.kind);

const reasonOf = (a: ReturnType<typeof rules>, b: ReturnType<typeof rules>) =>
  incompatibility({ ...a, position: 0, indexUid: 'a' }, { ...b, position: 1, indexUid: 'b' });

describe('canonicalRules', () => {
  it('joins neighbouring relevancy rules', () => {
    expect(kinds('keyword')).toEqual(['relevancy']);
    expect(kinds('keyword', ['x:asc'])).toEqual(['relevancy', 'ascending sort', 'relevancy']);
    expect(kinds('keyword', [])).toEqual(['relevancy']);
  });

  it('leaves only sorts to a search for nothing', () => {
    expect(kinds('placeholder')).toEqual([]);
    expect(kinds('placeholder', ['x:desc', '_geoPoint(1, 2):asc'])).toEqual(['descending sort', 'ascending geo sort']);
  });

  it('lets vectors take the place of the first relevancy rule, and cuts what follows a sort', () => {
    expect(kinds('vector', ['x:asc'])).toEqual(['relevancy', 'ascending sort']);
    expect(rules('vector', ['x:asc']).notes.at(-1)).toContain('Truncated relevancy rule `exactness` at position #5');
    expect(rules('vector').notes.at(-1)).toContain('Removed relevancy rule `exactness` at position #5');
  });

  it('takes each field and one point once', () => {
    expect(kinds('placeholder', ['x:asc', 'x:desc', '_geoPoint(1,2):asc', '_geoPoint(3,4):asc'])).toHaveLength(2);
    expect(kinds('keyword', ['price:asc'], ['price:desc', 'words', 'sort'])).toEqual(['descending sort', 'relevancy']);
  });

  it('drops words where all must match', () => {
    expect(kinds('keyword', null, ['words', 'x:asc'], 'all')).toEqual(['ascending sort']);
  });

  it('gives none for a criterion that a node refuses', () => {
    for (const sort of ['x', 'x:up', '_geo:asc', '_geoDistance:asc']) {
      expect(canonicalRules(standard, { sort: [sort], matchingStrategy: 'last' }, 'keyword')).toBeNull();
    }
  });
});

describe('incompatibility', () => {
  it('is none where one list of kinds begins the other', () => {
    expect(reasonOf(rules('keyword'), rules('keyword', ['x:asc']))).toBeNull();
    expect(reasonOf(rules('placeholder'), rules('keyword'))).toBeNull();
  });

  it('names the rules, the reason and what was done to them', () => {
    expect(reasonOf(rules('keyword', ['x:asc']), rules('keyword', ['y:asc', 'z:asc']))).toBe(
      [
        'The results of queries #0 and #1 are incompatible: ',
        '  1. `queries[0]`, `a.rankingRules[5]`: relevancy rule(s) exactness',
        '  2. `queries[1].sort[1]`, `b.rankingRules[4]`: ascending sort rule(s) on field `z`',
        '  - cannot compare a relevancy rule with a sort rule',
        '',
      ].join('\n'),
    );
    expect(reasonOf(rules('keyword'), rules('keyword', ['x:asc'], ['sort', ...standard]))).toContain(
      '   1. Removed rule `sort` at position #4 in ranking rules because `query.sort` is empty\n',
    );
  });
});
