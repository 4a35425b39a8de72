import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeSearchAnswers } from '../../../src/search/merge/answer.ts';
import type { HitView } from '../../../src/search/merge/hit.ts';
import { selectFields } from '../../../src/search/merge/select.ts';
import { windowOf } from '../../../src/search/merge/totals.ts';
import type { SearchQuery } from '../../../src/search/query.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { searchQuery } from './fixtures.ts';
import { answerOf } from './raw-hits.ts';

const open: HitView = {
  visible: { retrieve: null, formatted: null, displayed: null },
  extras: ['_miroir_version', 'id'],
  formatted: false,
  matchesPosition: false,
  rankingScore: false,
  rankingScoreDetails: false,
};

function merge(bodies: readonly string[], query: Partial<SearchQuery> = {}, view: Partial<HitView> = {}): string {
  const settings = parseReadSettings(null);
  const full = searchQuery(query);
  const merged = mergeSearchAnswers(bodies.map(answerOf), {
    query: full,
    window: windowOf(full, settings.maxTotalHits),
    settings,
    view: { ...open, ...view },
    primaryKey: 'id',
    distinct: full.distinct,
    countedDistinct: null,
    elapsedMs: 3.2,
  });
  return merged.toString();
}

const hit = (body: string, version: string, details = '{}') =>
  `{${body},"_miroir_shard":"§","_miroir_version":"${version}","_rankingScoreDetails":${details}}`;
const answer = (hits: readonly string[], total = hits.length) =>
  `{"hits":[${hits.join(',')}],"query":"","processingTimeMs":1,"limit":20,"offset":0,"estimatedTotalHits":${total}}`;
const hitsOf = (json: string) => json.slice(json.indexOf('['), json.indexOf(',"query"'));

describe('mergeSearchAnswers', () => {
  it('copies what is shown of a document byte for byte', () => {
    const body = '"id":1,"n":9007199254740993,"f":1.0,"e":1e-7,"s":"\\u00e9\\/","o":{"b":1,"a":[1.50,{}]}';
    expect(merge([answer([hit(body, '¡')])])).toBe(
      `{"hits":[{${body}}],"query":"","processingTimeMs":3,"limit":20,"offset":0,"estimatedTotalHits":1}`,
    );
  });

  it('orders equal hits by the version in which they were written', () => {
    const first = answer([hit('"id":1', 'a'), hit('"id":3', 'c')]);
    const second = answer([hit('"id":2', 'b'), hit('"id":4', 'd')]);
    expect(hitsOf(merge([second, first], { offset: 1, limit: 2 }))).toBe('[{"id":2},{"id":3}]');
  });

  it('drops a hit whose distinct value was taken, numbers apart from strings, spellings together', () => {
    const one = answer([hit('"id":1,"c":"Red"', 'a'), hit('"id":2,"c":5', 'b'), hit('"id":3', 'c')]);
    const two = answer([hit('"id":4,"c":["x","red"]', 'd'), hit('"id":5,"c":"5"', 'e'), hit('"id":6,"c":null', 'f')]);
    const merged = merge([one, two], { distinct: 'c' });
    expect([...hitsOf(merged).matchAll(/"id":(\d)/g)].map((m) => m[1])).toEqual(['1', '2', '3', '5', '6']);
    expect(merged).toContain('"estimatedTotalHits":5');
  });

  it('shows only what was asked of fields that merging needed', () => {
    const view = { visible: { retrieve: ['nest.a'], formatted: null, displayed: null }, extras: ['id', 'nest'] };
    const text = answer([hit('"id":1,"nest":{"a":1.0,"b":2}', 'a')]);
    expect(hitsOf(merge([text], {}, view))).toBe('[{"nest":{"a":1.0}}]');
  });

  it('hides values of rules that sort by hidden fields', () => {
    const details = '{"words":{"order":0,"score":1.0},"price:asc":{"order":1,"value":3.0}}';
    const view = {
      visible: { retrieve: ['id'], formatted: null, displayed: ['id'] },
      rankingScoreDetails: true,
    };
    expect(hitsOf(merge([answer([hit('"id":1', 'a', details)])], {}, view))).toBe(
      '[{"id":1,"_rankingScoreDetails":{"words":{"order":0,"score":1.0},"<hidden-rule-1>":{"order":1,"value":"<hidden>"}}}]',
    );
  });

  it('keeps a field of the document that is named like one of the search', () => {
    expect(hitsOf(merge([answer([hit('"id":1,"_formatted":"mine","_rankingScore":"mine"', 'a')])]))).toBe(
      '[{"id":1,"_formatted":"mine","_rankingScore":"mine"}]',
    );
  });

  it('caps totals and says how many pages there are', () => {
    const text = (total: number) =>
      `{"hits":[],"query":"","hitsPerPage":0,"page":1,"totalPages":9,"totalHits":${total}}`;
    expect(merge([text(700), text(800)], { page: 2, hitsPerPage: 30 })).toContain(
      '"hitsPerPage":30,"page":2,"totalPages":34,"totalHits":1000',
    );
    expect(merge([answer([], 5)], { offset: 4_000, limit: 5 })).toContain(
      '"limit":5,"offset":1000,"estimatedTotalHits":5',
    );
  });

  it('refuses a text that is no search answer', () => {
    expect(() => answerOf('{"results":[]}')).toThrow();
    expect(() => answerOf('<html>')).toThrow();
  });
});

describe('selectFields', () => {
  it('goes through arrays and drops what becomes empty', () => {
    const text = '{"a":{"b":1.0,"c":2},"l":[{"b":1},5,{"c":2},[{"b":3}]],"e":{"x":1},"m":[1],"a.b":0}';
    expect(selectFields(text, ['a.b', 'l.b', 'e.y', 'm.b'])).toBe(
      '{"a":{"b":1.0},"l":[{"b":1},[{"b":3}]],"m":[],"a.b":0}',
    );
  });

  it('is the identity when every field is named, whatever the values', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object);
        expect(selectFields(text, Object.keys(object))).toBe(text);
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});
