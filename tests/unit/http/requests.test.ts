import { describe, expect, it } from 'vitest';
import { describeSize } from '../../../src/http/body.ts';
import { negotiate } from '../../../src/http/compress.ts';
import { batchIds } from '../../../src/http/requests/delete-batch.ts';
import { fetchBody, listParameters, toDocumentsQuery } from '../../../src/http/requests/documents.ts';
import { createIndex, updateIndex } from '../../../src/http/requests/indexes.ts';
import { createKey } from '../../../src/http/requests/keys.ts';
import { searchBody, searchParameters, toSearchQuery } from '../../../src/http/requests/search.ts';
import { sortText } from '../../../src/http/requests/sort.ts';
import { listTasks, taskFilter } from '../../../src/http/requests/tasks.ts';
import { normaliseUrl, queryOf } from '../../../src/http/url.ts';
import { type Parser, readJson, readQuery } from '../../../src/validation/cursor.ts';
import { parseQueryString } from '../../../src/validation/query-string.ts';

const json = <T>(parse: Parser<T>, text: string) => readJson(parse, JSON.parse(text), text);
const query = <T>(parse: Parser<T>, text: string) => readQuery(parse, parseQueryString(text));

const defaults = {
  q: null,
  vector: null,
  media: null,
  hybrid: null,
  offset: 0,
  limit: 20,
  page: null,
  hitsPerPage: null,
  attributesToRetrieve: null,
  retrieveVectors: false,
  attributesToCrop: null,
  cropLength: 10,
  attributesToHighlight: null,
  showMatchesPosition: false,
  showRankingScore: false,
  showRankingScoreDetails: false,
  filter: null,
  sort: null,
  distinct: null,
  facets: null,
  highlightPreTag: '<em>',
  highlightPostTag: '</em>',
  cropMarker: '…',
  matchingStrategy: 'last',
  attributesToSearchOn: null,
  rankingScoreThreshold: null,
  locales: null,
};

describe('a search', () => {
  it('has the same defaults by either method', () => {
    expect(json(searchBody, '{}')).toEqual(defaults);
    expect(toSearchQuery(query(searchParameters, ''))).toEqual(defaults);
  });

  it('is the same query from text as from JSON', () => {
    const text =
      'q=a+b&attributesToCrop=a:5,b&filter=%5B%22a%20%3D%201%22%5D&sort=a:asc,_geoPoint(1,2):desc&facets=*&vector=1,.5' +
      '&hybridEmbedder=e&hybridSemanticRatio=0.25&rankingScoreThreshold=1e-1&locales=fr,eng&page=2&showRankingScore=true';
    expect(toSearchQuery(query(searchParameters, text))).toEqual({
      ...defaults,
      q: 'a b',
      attributesToCrop: ['a:5', 'b'],
      filter: ['a = 1'],
      sort: ['a:asc', '_geoPoint(1,2):desc'],
      facets: ['*'],
      vector: [1, 0.5],
      hybrid: { embedder: 'e', semanticRatio: 0.25 },
      rankingScoreThreshold: 0.1,
      locales: ['fr', 'eng'],
      page: 2,
      showRankingScore: true,
    });
  });

  it('takes filters that are no JSON as expressions, blank ones as none, and empty lists as empty', () => {
    const filterOf = (text: string) => toSearchQuery(query(searchParameters, text)).filter;
    expect(filterOf('filter=a=1')).toBe('a=1');
    expect(filterOf('filter=%20')).toBeNull();
    expect(toSearchQuery(query(searchParameters, 'attributesToRetrieve=')).attributesToRetrieve).toEqual([]);
  });

  it('splits sort expressions as the real server does', () => {
    expect(sortText('a:asc , b:desc')).toEqual(['a:asc', 'b:desc']);
    expect(sortText('_geoPoint(1 ,2):asc,a:asc')).toEqual(['_geoPoint(1,2):asc', 'a:asc']);
    expect(sortText('_geoPoint(1,2):as,a:asc')).toEqual(['_geoPoint(1,2):as,a:asc']);
    expect(sortText('')).toEqual(['']);
  });
});

describe('documents', () => {
  it('are listed with ids as text', () => {
    expect(
      toDocumentsQuery(json(fetchBody, '{"ids":[1,"a",18446744073709551615],"fields":["*","a"],"sort":["a:asc"]}')),
    ).toEqual({
      offset: 0,
      limit: 20,
      fields: null,
      retrieveVectors: false,
      filter: null,
      ids: ['1', 'a', '18446744073709551615'],
      sort: ['a:asc'],
    });
    expect(toDocumentsQuery(query(listParameters, 'ids=1,,b&fields=&filter='))).toMatchObject({
      ids: ['1', 'b'],
      fields: [],
      filter: null,
    });
  });

  it('are deleted by ids of any kind, numbers kept as written', () => {
    const ids = batchIds(Buffer.from('[1,"a b",12345678901234567890,1.0,1e3,null,{"b": 1}]'));
    expect(ids).toEqual(['1', 'a b', '12345678901234567890', '1.0', '1000.0', 'null', '{"b":1}']);
  });
});

describe('indexes', () => {
  it('may choose their number of shards', () => {
    expect(json(createIndex, '{"uid":"a","_miroir":{"shards":7}}')).toEqual({
      uid: 'a',
      primaryKey: null,
      _miroir: { shards: 7 },
    });
    expect(() => json(createIndex, '{"uid":"a","_miroir":{"shards":0}}')).toThrow(/between 1 and 4096/);
    expect(() => json(createIndex, '{"uid":"a","_miroir":{"shards":4097}}')).toThrow(/between 1 and 4096/);
    expect(() => json(createIndex, '{"_miroi":1}')).toThrow(
      'Unknown field `_miroi`: expected one of `uid`, `primaryKey`',
    );
  });

  it('are changed only where the body says so', () => {
    expect(json(updateIndex, '{}')).toEqual({});
    expect(json(updateIndex, '{"primaryKey":null}')).toEqual({ primaryKey: null });
  });
});

describe('tasks', () => {
  it('are filtered by what restricts', () => {
    expect(query(listTasks, '')).toEqual({ limit: 20, reverse: false });
    expect(
      query(listTasks, 'uids=*&statuses=Failed,failed&types=INDEXSWAP&from=3&limit=1&reverse=true&indexUids='),
    ).toEqual({
      statuses: ['failed', 'failed'],
      types: ['indexSwap'],
      indexUids: [],
      from: 3,
      limit: 1,
      reverse: true,
    });
    expect(query(taskFilter('cancel'), 'uids=*')).toEqual({});
    expect(() => query(taskFilter('delete'), '')).toThrow(
      /^Query parameters to filter the tasks to delete are missing/,
    );
  });

  it.each([
    ['afterEnqueuedAt=2026-02-28', { enqueuedAt: { after: '2026-03-01T00:00:00.000Z' } }],
    ['beforeEnqueuedAt=2026-02-28', { enqueuedAt: { before: '2026-02-28T00:00:00.000Z' } }],
    ['afterStartedAt=2026-02-28t01:02:03.5%2B02:00', { startedAt: { after: '2026-02-28T01:02:03.5+02:00' } }],
    ['beforeFinishedAt=1969-12-31', { finishedAt: { before: '9999-12-31T23:59:59.999999999Z' } }],
    ['beforeFinishedAt=*&afterFinishedAt=2020-01-01_00:00:00Z', { finishedAt: { after: '2020-01-01T00:00:00Z' } }],
  ])('read %s', (text, filter) => {
    expect(query(listTasks, text)).toEqual({ ...filter, limit: 20, reverse: false });
  });
});

describe('keys', () => {
  const body = createKey(() => Date.parse('2026-01-01T00:00:00Z'));
  const expiry = (date: string) => json(body, `{"actions":[],"indexes":["a*"],"expiresAt":"${date}"}`).expiresAt;

  it.each([
    ['2100-01-01', '2100-01-01T00:00:00Z'],
    ['2100-01-01 10:00:00', '2100-01-01T10:00:00Z'],
    ['2100-01-01T10:00:00.1234567899+02:00', '2100-01-01T10:00:00.123456789+02:00'],
    ['2100-01-01t10:00:00z', '2100-01-01T10:00:00Z'],
  ])('expire at %s', (text, expected) => {
    expect(expiry(text)).toBe(expected);
  });

  it('expire in the future only, and take uids in any spelling', () => {
    expect(() => expiry('2026-01-01')).toThrow(/is not a valid date/);
    const uid = (text: string) => json(body, `{"actions":[],"indexes":[],"expiresAt":null,"uid":"${text}"}`).uid;
    const plain = '6e0d1f7c-0c3c-4f3e-9d3f-0123456789ab';
    for (const text of [plain, plain.toUpperCase(), plain.replaceAll('-', ''), `{${plain}}`, `urn:uuid:${plain}`]) {
      expect(uid(text)).toBe(plain);
    }
  });
});

describe('URLs, encodings and sizes', () => {
  it.each([
    ['//health/', '/health'],
    ['/indexes//m//?q=//a/', '/indexes/m?q=//a/'],
    ['/', '/'],
    ['http://host/health?x', '/health?x'],
    ['/indexes/%zz', '/indexes/%25zz'],
    ['/indexes/%ff', '/indexes/%EF%BF%BD'],
    ['/indexes/a%20b%2Fc', '/indexes/a%20b%2Fc'],
    ['*', '/%00'],
  ])('normalise %s', (url, expected) => {
    expect(normaliseUrl(url)).toBe(expected);
  });

  it('find the query', () => {
    expect(queryOf('/a?b=c?d#e')).toBe('b=c?d');
    expect(queryOf('/a')).toBe('');
  });

  it.each([
    [undefined, null],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.1,gzip', 'gzip'],
    ['gzip;q=0', null],
    ['zstd', null],
    ['*', null],
    ['identity', null],
  ])('answer Accept-Encoding %s', (header, expected) => {
    expect(negotiate(header)).toBe(expected);
  });

  it('are written in the unit that fits', () => {
    expect([100_000_000, 104_857_600, 10_000, 1_234].map(describeSize)).toEqual([
      '100 MB',
      '100 MiB',
      '10 kB',
      '1234 B',
    ]);
  });
});
