import { type Difference, diffAnswers } from '../../support/compare.ts';
import { type RawRequest, type Server, send } from '../../support/http.ts';
import type { Report } from '../../support/report.ts';

type Line = [category: string, request: RawRequest];

const json = (method: RawRequest['method'], path: string, body: unknown): RawRequest => ({
  method,
  path,
  body: JSON.stringify(body),
});
const raw = (
  method: RawRequest['method'],
  path: string,
  body: string,
  headers: Record<string, string> = {},
): RawRequest => ({ method, path, body, headers });
const plain = (method: RawRequest['method'], path: string): RawRequest => ({ method, path });

/** Routes that read a JSON body, with the method that does. */
const bodied: readonly (readonly [RawRequest['method'], string])[] = [
  ['POST', '/indexes'],
  ['PATCH', '/indexes/m'],
  ['POST', '/indexes/m/search'],
  ['POST', '/indexes/m/documents'],
  ['PUT', '/indexes/m/documents'],
  ['POST', '/indexes/m/documents/fetch'],
  ['POST', '/indexes/m/documents/delete'],
  ['POST', '/indexes/m/documents/delete-batch'],
  ['PATCH', '/indexes/m/settings'],
  ['PUT', '/indexes/m/settings/ranking-rules'],
  ['PUT', '/indexes/m/settings/filterable-attributes'],
  ['PATCH', '/indexes/m/settings/typo-tolerance'],
  ['PATCH', '/indexes/m/settings/faceting'],
  ['POST', '/keys'],
];

/** Bodies that none of these routes accepts. */
const brokenBodies: readonly (readonly [string, Record<string, string>])[] = [
  ['', {}],
  ['{', {}],
  ['{"a":}', {}],
  ['[1,', {}],
  ['{"a":1}}', {}],
  ['nul', {}],
  ['"text"', {}],
  ['5', {}],
  ['{"a\u0001":1}', {}],
  ['{}', { 'content-type': 'text/plain' }],
  ['{}', { 'content-type': '' }],
  ['{}', { 'content-type': 'application/xml; charset=utf-8' }],
  ['not gzip', { 'content-encoding': 'gzip' }],
];

const settings: readonly (readonly [string, unknown])[] = [
  ['searchable-attributes', 5],
  ['searchable-attributes', ['a', 1]],
  ['displayed-attributes', 'a'],
  ['filterable-attributes', { a: 1 }],
  ['filterable-attributes', [{ attributePatterns: 'a' }]],
  ['filterable-attributes', [{ foo: 1 }]],
  ['filterable-attributes', [{ attributePatterns: ['a'], features: { filter: 1 } }]],
  ['sortable-attributes', 'a'],
  ['ranking-rules', ['nope']],
  ['ranking-rules', ['price:up']],
  ['ranking-rules', 'words'],
  ['ranking-rules', ['_geoPoint(1,2):asc']],
  ['stop-words', 'the'],
  ['non-separator-tokens', 'x'],
  ['separator-tokens', 5],
  ['dictionary', 5],
  ['synonyms', ['a']],
  ['synonyms', { a: 'b' }],
  ['distinct-attribute', 5],
  ['distinct-attribute', ['a']],
  ['proximity-precision', 'byLine'],
  ['search-cutoff-ms', 'a'],
  ['search-cutoff-ms', -1],
  ['localized-attributes', 'a'],
  ['localized-attributes', [{ locales: ['xx'], attributePatterns: ['*'] }]],
  ['facet-search', 'yes'],
  ['prefix-search', 'never'],
];
const patched: readonly (readonly [string, unknown])[] = [
  ['typo-tolerance', { enabled: 1 }],
  ['typo-tolerance', { minWordSizeForTypos: { oneTypo: 10, twoTypos: 5 } }],
  ['typo-tolerance', { foo: 1 }],
  ['typo-tolerance', { minWordSizeForTypos: { oneTypo: 300 } }],
  ['typo-tolerance', { disableOnWords: 'a' }],
  ['faceting', { maxValuesPerFacet: 'a' }],
  ['faceting', { sortFacetValuesBy: { a: 'best' } }],
  ['faceting', { sortFacetValuesBy: 'alpha' }],
  ['faceting', { foo: 1 }],
  ['pagination', { maxTotalHits: 'a' }],
  ['pagination', { maxTotalHits: -1 }],
  ['pagination', { foo: 1 }],
  ['embedders', { a: { source: 'nope' } }],
  ['embedders', { a: { source: 'userProvided' } }],
  ['embedders', { a: { foo: 1 } }],
];

const indexLines: readonly RawRequest[] = [
  json('POST', '/indexes', {}),
  json('POST', '/indexes', { uid: 'bad uid' }),
  json('POST', '/indexes', { uid: 5 }),
  json('POST', '/indexes', { uid: '' }),
  json('POST', '/indexes', { uid: 'a'.repeat(401) }),
  json('POST', '/indexes', { uid: 'x', primaryKey: 5 }),
  json('POST', '/indexes', { uid: 'x', foo: 1 }),
  json('POST', '/indexes', { uid: 'x', primarykey: 'a' }),
  json('POST', '/indexes', ['x']),
  json('POST', '/indexes', null),
  json('PATCH', '/indexes/m', { createdAt: 'x' }),
  json('PATCH', '/indexes/m', { primaryKey: ['a'] }),
  json('PATCH', '/indexes/m', { foo: 1 }),
  json('PATCH', '/indexes/b%20d', { primaryKey: 'a' }),
  plain('GET', '/indexes/nope'),
  plain('GET', '/indexes/b%20d'),
  plain('GET', '/indexes?limit=a'),
  plain('GET', '/indexes?offset=-1'),
  plain('GET', '/indexes?foo=1'),
  plain('GET', '/indexes?limit=0'),
  plain('GET', '/indexes?limit=5&offset=100'),
  plain('DELETE', '/indexes/b%20d'),
  plain('GET', '/indexes/nope/stats'),
  plain('GET', '/indexes/b%20d/stats'),
  plain('GET', '/indexes/nope/settings'),
  plain('GET', '/indexes/b%20d/settings'),
  plain('GET', '/indexes/nope/settings/ranking-rules'),
];

const documentLines: readonly RawRequest[] = [
  raw('POST', '/indexes/m/documents', '[{"id":1},]'),
  raw('POST', '/indexes/m/documents', '{"id":1'),
  raw('POST', '/indexes/m/documents', '[5]'),
  raw('POST', '/indexes/m/documents', '{"id":1}{"id":2}'),
  raw('POST', '/indexes/m/documents', '[{"id":1}] x'),
  raw('POST', '/indexes/m/documents', '[["a"]]'),
  raw('POST', '/indexes/m/documents', '{"id":1}\n{"id":', { 'content-type': 'application/x-ndjson' }),
  raw('POST', '/indexes/m/documents', '', { 'content-type': 'application/x-ndjson' }),
  raw('POST', '/indexes/m/documents', '"a"', { 'content-type': 'application/x-ndjson' }),
  raw('POST', '/indexes/m/documents', '', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents', 'id,a\n1', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents', 'id:number\nx', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents', 'id:boolean\nmaybe', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents?csvDelimiter=;;', 'id\n1', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents?csvDelimiter=%C3%A9', 'id\n1', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents?csvDelimiter=,', '[]'),
  raw('POST', '/indexes/m/documents?csvDelimiter=', 'id\n1', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/m/documents?primaryKey=', '[]'),
  raw('POST', '/indexes/m/documents?foo=1', '[]'),
  raw('POST', '/indexes/b%20d/documents', '[]'),
  raw('PUT', '/indexes/b%20d/documents', '[]'),
  plain('DELETE', '/indexes/b%20d/documents'),
  plain('DELETE', '/indexes/b%20d/documents/1'),
  json('POST', '/indexes/m/documents/delete', {}),
  json('POST', '/indexes/m/documents/delete', { filter: '' }),
  json('POST', '/indexes/m/documents/delete', { filter: [] }),
  json('POST', '/indexes/m/documents/delete', { filter: 5 }),
  json('POST', '/indexes/m/documents/delete', { filter: 'a =' }),
  json('POST', '/indexes/m/documents/delete', { filter: 'a = 1', foo: 1 }),
  json('POST', '/indexes/m/documents/delete', { filter: [['a = 1', ['b = 2']]] }),
  json('POST', '/indexes/m/documents/delete-batch', { ids: [1] }),
  json('POST', '/indexes/m/documents/delete-batch', 'a'),
];

const taskLines: readonly RawRequest[] = [
  ...[
    'limit=a',
    'from=x',
    'reverse=1',
    'uids=a',
    'uids=1,b',
    'statuses=done',
    'types=nope',
    'indexUids=b%20d',
    'canceledBy=x',
    'beforeEnqueuedAt=yesterday',
    'afterEnqueuedAt=2020-13-01',
    'beforeStartedAt=x',
    'afterFinishedAt=5',
    'foo=1',
    'batchUids=z',
    'uids=-1',
    'limit=-1',
  ].map((query) => plain('GET', `/tasks?${query}`)),
  plain('GET', '/tasks/abc'),
  plain('GET', '/tasks/99999'),
  plain('GET', '/tasks/-1'),
  plain('GET', '/tasks/99999999999999'),
  plain('POST', '/tasks/cancel'),
  plain('POST', '/tasks/cancel?foo=1'),
  plain('POST', '/tasks/cancel?limit=1'),
  plain('POST', '/tasks/cancel?uids=x'),
  plain('DELETE', '/tasks'),
  plain('DELETE', '/tasks?statuses=x'),
  plain('DELETE', '/tasks?from=1'),
  plain('GET', '/batches/abc'),
  plain('GET', '/batches/99999'),
  plain('GET', '/batches?limit=a'),
  plain('GET', '/batches?statuses=x'),
  plain('GET', '/batches?foo=1'),
];

const keyBase = { actions: ['search'], indexes: ['*'], expiresAt: null };
const keyLines: readonly RawRequest[] = [
  json('POST', '/keys', {}),
  json('POST', '/keys', { ...keyBase, actions: undefined }),
  json('POST', '/keys', { ...keyBase, indexes: undefined }),
  json('POST', '/keys', { ...keyBase, expiresAt: undefined }),
  json('POST', '/keys', { ...keyBase, actions: 'search' }),
  json('POST', '/keys', { ...keyBase, actions: ['nope'] }),
  json('POST', '/keys', { ...keyBase, indexes: ['a b'] }),
  json('POST', '/keys', { ...keyBase, indexes: 'a' }),
  json('POST', '/keys', { ...keyBase, expiresAt: 'tomorrow' }),
  json('POST', '/keys', { ...keyBase, expiresAt: '2000-01-01' }),
  json('POST', '/keys', { ...keyBase, expiresAt: 5 }),
  json('POST', '/keys', { ...keyBase, uid: 'x' }),
  json('POST', '/keys', { ...keyBase, name: 5 }),
  json('POST', '/keys', { ...keyBase, description: [] }),
  json('POST', '/keys', { ...keyBase, foo: 1 }),
  plain('GET', '/keys/nope'),
  plain('GET', '/keys/11111111-1111-4111-8111-111111111111'),
  plain('DELETE', '/keys/nope'),
  json('PATCH', '/keys/nope', { name: 'a' }),
  plain('GET', '/keys?limit=a'),
  plain('GET', '/keys?offset=-5'),
  plain('GET', '/keys?foo=1'),
];

const routeLines: readonly RawRequest[] = [
  plain('GET', '/nope'),
  plain('POST', '/nope'),
  plain('GET', '/indexes/m/nope'),
  plain('POST', '/health'),
  plain('DELETE', '/version'),
  plain('PUT', '/indexes'),
  plain('DELETE', '/indexes/m/search'),
  plain('PATCH', '/tasks'),
  plain('POST', '/tasks/1'),
  plain('PUT', '/keys'),
  plain('GET', '/indexes/m/settings/nope'),
  plain('PATCH', '/indexes/m/settings/ranking-rules'),
  plain('HEAD', '/health'),
  plain('GET', '//indexes/nope'),
  plain('GET', '/indexes/nope/'),
  plain('GET', '/health/'),
  plain('GET', '/health?foo=1'),
  plain('GET', '/version?foo=1'),
  plain('GET', '/indexes/m/search?limit=a'),
  plain('GET', '/indexes/m/search?foo=1'),
  plain('GET', '/indexes/m/search?filter=nope'),
  plain('GET', '/indexes/m/search?showRankingScore=maybe'),
  plain('GET', '/indexes/nope/search'),
  plain('GET', '/indexes/b%20d/search?q=a'),
];

const authHeaders: readonly Record<string, string>[] = [
  { authorization: '' },
  { authorization: 'Bearer' },
  { authorization: 'Bearer wrong' },
  { authorization: 'Basic abc' },
  { authorization: 'bearer a-master-key-for-tests-only' },
  { authorization: 'Bearer  a-master-key-for-tests-only' },
  { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.x' },
];
const authRoutes: readonly RawRequest[] = [
  plain('GET', '/indexes'),
  plain('GET', '/health'),
  plain('GET', '/version'),
  plain('GET', '/keys'),
  plain('GET', '/tasks'),
  plain('GET', '/stats'),
  json('POST', '/indexes/m/search', {}),
  json('POST', '/indexes', { uid: 'bad uid' }),
  json('POST', '/indexes/nope/search', { foo: 1 }),
  plain('GET', '/nope'),
];

/** Requests that both sides must refuse alike, or answer alike, without a task. Index `m` exists, `nope` does not. */
export function errorLines(): Line[] {
  return [
    ...bodied.flatMap(([method, path]) =>
      brokenBodies.map(
        ([body, headers]): Line => [`body ${method} ${path.split('/').at(-1)}`, raw(method, path, body, headers)],
      ),
    ),
    ...settings.map(([name, value]): Line => ['settings', json('PUT', `/indexes/m/settings/${name}`, value)]),
    ...patched.map(([name, value]): Line => ['settings', json('PATCH', `/indexes/m/settings/${name}`, value)]),
    ...[...settings, ...patched].map(
      ([name, value]): Line => [
        'settings as one',
        json('PATCH', '/indexes/m/settings', { [name.replace(/-(.)/g, (_, c: string) => c.toUpperCase())]: value }),
      ],
    ),
    ['settings as one', json('PATCH', '/indexes/m/settings', { foo: 1 })],
    ...indexLines.map((request): Line => ['indexes', request]),
    ...documentLines.map((request): Line => ['documents', request]),
    ...taskLines.map((request): Line => ['tasks', request]),
    ...keyLines.map((request): Line => ['keys', request]),
    ...routeLines.map((request): Line => ['routes', request]),
    ...authRoutes.flatMap((request) =>
      authHeaders.map((headers): Line => ['credentials', { ...request, headers: { ...headers } }]),
    ),
  ];
}

/** Headers that a client acts on. */
const compared = ['content-type', 'allow', 'retry-after'];

/** Send each line to both sides; status, body and telling headers must agree. A line that starts a task is compared by its summary without the uid. */
export async function compareErrors(oracle: Server, subject: Server, report: Report): Promise<void> {
  for (const [category, request] of errorLines()) {
    const [expected, got] = await Promise.all([send(oracle, request), send(subject, request)]);
    const differences: Difference[] = diffAnswers(expected, got);
    for (const name of compared) {
      const [left, right] = [expected.headers[name], got.headers[name]];
      if (String(left) !== String(right))
        differences.push({ path: `header ${name}`, expected: String(left), got: String(right) });
    }
    report.add(
      category,
      `${request.method} ${request.path} ${JSON.stringify(request.headers ?? {})} ${request.body ?? ''}`,
      differences,
    );
  }
}
