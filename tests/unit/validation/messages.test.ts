import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import { type Parser, readJson, readQuery } from '../../../src/validation/cursor.ts';
import { indexUid } from '../../../src/validation/index-uid.ts';
import { mapOf, maybe, object, optional, required } from '../../../src/validation/object.ts';
import { parseQueryString } from '../../../src/validation/query-string.ts';
import { booleanText, integerText, list, listOrStar, U32_MAX } from '../../../src/validation/query-values.ts';
import { arrayOf, boolean, integer, nullable, number, oneOf, string } from '../../../src/validation/values.ts';

function refusal(act: () => unknown): [string, string] {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return [error.code, error.message];
    throw error;
  }
  throw new Error('accepted');
}

const json = <T>(parse: Parser<T>, text: string) => readJson(parse, JSON.parse(text), text);
const query = <T>(parse: Parser<T>, text: string) => readQuery(parse, parseQueryString(text));

const search = object({
  q: optional(nullable(string), 'invalid_search_q', null),
  hybrid: optional(
    nullable(
      object(
        {
          semanticRatio: optional(number, 'invalid_search_semantic_ratio', 0.5),
          embedder: required(string, 'invalid_search_embedder'),
        },
        { code: 'invalid_search_hybrid_query' },
      ),
    ),
    'invalid_search_hybrid_query',
    null,
  ),
  limit: optional(integer(), 'invalid_search_limit', 20),
  attributesToRetrieve: optional(nullable(arrayOf(string)), 'invalid_search_attributes_to_retrieve', null),
  showRankingScore: optional(boolean, 'invalid_search_show_ranking_score', false),
  matchingStrategy: optional(oneOf(['last', 'all', 'frequency']), 'invalid_search_matching_strategy', 'last'),
});

describe('JSON values', () => {
  it.each([
    ['"a"', 'a string: `"a"`'],
    ['-1', 'a negative integer: `-1`'],
    ['1.0', 'a number: `1.0`'],
    ['1e2', 'a number: `100.0`'],
    ['18446744073709551616', 'a number: `1.8446744073709552e19`'],
    ['-9223372036854775808', 'a negative integer: `-9223372036854775808`'],
    ['-9223372036854775809', 'a number: `-9.223372036854776e18`'],
    ['null', 'null'],
    ['true', 'a boolean: `true`'],
    ['-0', 'a number: `-0.0`'],
    ['1e16', 'a number: `1e16`'],
    ['123456789012345680.0', 'a number: `1.2345678901234568e17`'],
    ['1e-5', 'a number: `0.00001`'],
    ['1e-7', 'a number: `1e-7`'],
    ['1.5e300', 'a number: `1.5e300`'],
    ['0.00012', 'a number: `0.00012`'],
    ['[ 1 , 2]', 'an array: `[1,2]`'],
    ['{"b": 1,"1":[1.50, 1e3,"\\u00e9\\u0007\\n/"] ,"b":2}', 'an object: `{"b":2,"1":[1.5,1000.0,"é\\u0007\\n/"]}`'],
  ])('quotes %s where an integer is expected', (value, found) => {
    expect(refusal(() => json(search, `{"limit":${value}}`))).toEqual([
      'invalid_search_limit',
      `Invalid value type at \`.limit\`: expected a positive integer, but found ${found}`,
    ]);
  });

  it('fills in defaults and lets null through where it is allowed', () => {
    expect(json(search, '{"q":null,"limit":3}')).toEqual({
      q: null,
      hybrid: null,
      limit: 3,
      attributesToRetrieve: null,
      showRankingScore: false,
      matchingStrategy: 'last',
    });
  });

  it.each([
    [
      '{"q":3,"lim":1}',
      'invalid_search_q',
      'Invalid value type at `.q`: expected a string, but found a positive integer: `3`',
    ],
    ['[]', 'bad_request', 'Invalid value type: expected an object, but found an array: `[]`'],
    ['null', 'bad_request', 'Invalid value type: expected an object, but found null'],
    [
      '{"attributesToRetrieve":["a",3]}',
      'invalid_search_attributes_to_retrieve',
      'Invalid value type at `.attributesToRetrieve[1]`: expected a string, but found a positive integer: `3`',
    ],
    ['{"hybrid":{}}', 'invalid_search_hybrid_query', 'Missing field `embedder` inside `.hybrid`'],
    [
      '{"hybrid":{"embeder":"a"}}',
      'invalid_search_hybrid_query',
      'Unknown field `embeder` inside `.hybrid`: did you mean `embedder`? expected one of `semanticRatio`, `embedder`',
    ],
    [
      '{"matchingStrategy":"lasts"}',
      'invalid_search_matching_strategy',
      'Unknown value `lasts` at `.matchingStrategy`: did you mean `last`? expected one of `last`, `all`, `frequency`',
    ],
  ])('refuses %s', (text, code, message) => {
    expect(refusal(() => json(search, text))).toEqual([code, message]);
  });

  it('reports wrong keys in payload order even when they look like numbers', () => {
    expect(refusal(() => json(object({ uid: required(indexUid) }), '{"b":2,"1":1}'))[1]).toMatch(/^Unknown field `b`/);
    expect(refusal(() => json(mapOf(string), '{"b":2,"1":1}'))[1]).toMatch(/at `\.b`/);
  });

  it('knows immutable and missing fields', () => {
    const update = object(
      {
        primaryKey: maybe(nullable(string), 'invalid_index_primary_key'),
        uid: maybe(nullable(indexUid), 'invalid_index_uid'),
      },
      { immutable: { createdAt: 'immutable_index_created_at' } },
    );
    expect(refusal(() => json(update, '{"createdAt":1}'))).toEqual([
      'immutable_index_created_at',
      'Immutable field `createdAt`: expected one of `primaryKey`, `uid`',
    ]);
    expect(json(update, '{"uid":null}')).toEqual({ uid: null });
    const create = object({ uid: required(indexUid, 'invalid_index_uid', 'missing_index_uid') });
    expect(refusal(() => json(create, '{}'))).toEqual(['missing_index_uid', 'Missing field `uid`']);
  });

  it('limits narrow integers', () => {
    const settings = object({ oneTypo: required(integer(255), 'invalid_settings_typo_tolerance') });
    expect(refusal(() => json(settings, '{"oneTypo":300}'))[1]).toBe(
      'Invalid value at `.oneTypo`: value: `300` is too large to be deserialized, maximum value authorized is `255`',
    );
  });

  it('keeps a key named __proto__ as data', () => {
    expect(json(mapOf(number), '{"__proto__":1}')).toEqual(new Map([['__proto__', 1]]));
    expect(refusal(() => json(search, '{"__proto__":1}'))[1]).toMatch(/^Unknown field `__proto__`/);
  });
});

describe('query strings', () => {
  const tasks = object({
    limit: optional(integerText(U32_MAX), 'invalid_task_limit', 20),
    reverse: optional(booleanText, 'invalid_task_reverse', false),
    uids: maybe(listOrStar(integerText(U32_MAX)), 'invalid_task_uids'),
    indexUids: maybe(list(indexUid), 'invalid_index_uid'),
  });

  it.each([
    ['limit=a', 'invalid_task_limit', 'Invalid value in parameter `limit`: could not parse `a` as a positive integer'],
    ['limit', 'invalid_task_limit', 'Invalid value in parameter `limit`: could not parse `` as a positive integer'],
    [
      'limit=4294967296',
      'invalid_task_limit',
      'Invalid value in parameter `limit`: could not parse `4294967296` as a positive integer',
    ],
    ['limit=%', 'invalid_task_limit', 'Invalid value in parameter `limit`: could not parse `%` as a positive integer'],
    [
      'limit=1&limit=b',
      'invalid_task_limit',
      'Invalid value in parameter `limit`: could not parse `b` as a positive integer',
    ],
    [
      'reverse=1',
      'invalid_task_reverse',
      'Invalid value in parameter `reverse`: could not parse `1` as a boolean, expected either `true` or `false`',
    ],
    ['uids=a', 'invalid_task_uids', 'Invalid value in parameter `uids`: could not parse `a` as a positive integer'],
    ['uids=,a,', 'invalid_task_uids', 'Invalid value in parameter `uids`: could not parse `a` as a positive integer'],
    [
      'uids=1,,a',
      'invalid_task_uids',
      'Invalid value in parameter `uids[1]`: could not parse `a` as a positive integer',
    ],
    [
      'uids=*,a',
      'invalid_task_uids',
      'Invalid value in parameter `uids[1]`: could not parse `a` as a positive integer',
    ],
    [
      'limt=1',
      'bad_request',
      'Unknown parameter `limt`: did you mean `limit`? expected one of `limit`, `reverse`, `uids`, `indexUids`',
    ],
    ['=3', 'bad_request', 'Unknown parameter ``: expected one of `limit`, `reverse`, `uids`, `indexUids`'],
    ['a%', 'bad_request', 'Unknown parameter `a%`: expected one of `limit`, `reverse`, `uids`, `indexUids`'],
  ])('refuses %s', (text, code, message) => {
    expect(refusal(() => query(tasks, text))).toEqual([code, message]);
  });

  it('reads lists, stars and signs', () => {
    expect(query(tasks, 'uids=1,,2&&limit=%2B3')).toEqual({ uids: [1, 2], limit: 3, reverse: false });
    expect(query(tasks, 'uids=1,*')).toMatchObject({ uids: null });
    expect(query(tasks, 'uids=,')).toMatchObject({ uids: [] });
  });

  it('decodes escapes, spaces and broken bytes', () => {
    expect(parseQueryString('a=1+2%20%C3%A9&b=%ff&c=%zz')).toEqual({ a: '1 2 é', b: '\ufffd', c: '%zz' });
  });
});
