import { diffAnswers } from '../../support/compare.ts';
import { type RawAnswer, type RawRequest, type Server, send, waitForTask } from '../../support/http.ts';
import type { Report } from '../../support/report.ts';

/** A write and the class it is counted under. */
export type Write = [category: string, request: RawRequest];

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
const many = (from: number, count: number, extra = '') =>
  `[${Array.from({ length: count }, (_, i) => `{"id":${from + i},"v":${i % 5}${extra}}`).join(',')}]`;

const indexes: Write[] = [
  plain('DELETE', '/indexes/none'),
  json('POST', '/indexes', { uid: 'a' }),
  json('POST', '/indexes', { uid: 'a' }),
  json('POST', '/indexes', { uid: 'b', primaryKey: 'id' }),
  json('PATCH', '/indexes/a', { primaryKey: 'key' }),
  json('PATCH', '/indexes/a', { primaryKey: 'other' }),
  json('PATCH', '/indexes/a', {}),
  json('PATCH', '/indexes/none', { primaryKey: 'id' }),
  json('POST', '/indexes', { uid: 'gone' }),
  plain('DELETE', '/indexes/gone'),
  json('PATCH', '/indexes/a', { uid: 'renamed' }),
  json('PATCH', '/indexes/renamed', { uid: 'b' }),
  json('PATCH', '/indexes/none', { uid: 'elsewhere' }),
].map((request) => ['indexes', request]);

const additions: Write[] = [
  raw('POST', '/indexes/b/documents', many(0, 40)),
  raw('PUT', '/indexes/b/documents', '[{"id":1,"extra":1.0},{"id":"1","more":2},{"id":500,"v":9007199254740993}]'),
  raw('POST', '/indexes/b/documents', '[]'),
  raw('POST', '/indexes/b/documents', '{"id":77,"v":1}'),
  raw('POST', '/indexes/b/documents', '[{"id":1},{"id":1},{"id":1}]'),
  raw('POST', '/indexes/b/documents', '{"id":2}\n\n{"id":"x-1"}\n', { 'content-type': 'application/x-ndjson' }),
  raw('POST', '/indexes/b/documents', 'id,name:string,price:number,ok:boolean\n900,"Größe, ""x""",1.5,true\n901,,,\n', {
    'content-type': 'text/csv',
  }),
  raw('POST', '/indexes/b/documents?csvDelimiter=%3B', 'id;name\nz-1;semi\n', { 'content-type': 'text/csv' }),
  raw('POST', '/indexes/fresh/documents', '[{"productId":1,"a":1}]'),
  raw('POST', '/indexes/fresh2/documents?primaryKey=sku', '[{"sku":"A1","id":3}]'),
  raw('POST', '/indexes/fresh3/documents?primaryKey=meta.key', '[{"meta":{"key":7}}]'),
  raw('POST', '/indexes/fresh4/documents', '[]'),
  raw('PUT', '/indexes/fresh5/documents?primaryKey=k', '[]'),
  raw('POST', '/indexes/b/documents?primaryKey=id', '[{"id":12,"v":3}]'),
].map((request) => ['additions', request]);

const badIds = [
  '1.0',
  '1.5',
  'true',
  'null',
  '[1]',
  '{"a":1}',
  '""',
  '"a b"',
  '"é"',
  '"a.b"',
  `"${'x'.repeat(512)}"`,
  '18446744073709551616',
  '-9223372036854775809',
  '1e3',
  '-0',
];
const goodIds = ['9223372036854775808', '-9223372036854775808', '"01"', `"${'y'.repeat(511)}"`, '"_-A"', '-5'];

const refusedAdditions: Write[] = [
  ...badIds.map((id) => raw('POST', '/indexes/b/documents', `[{"id":5,"v":99},{"id":${id},"v":1}]`)),
  ...goodIds.map((id) => raw('POST', '/indexes/b/documents', `[{"id":${id},"v":1}]`)),
  raw('POST', '/indexes/b/documents', '[{"id":1},{"x":"a b","y":1.0}]'),
  raw('PUT', '/indexes/b/documents', '[{"x":1}]'),
  raw('POST', '/indexes/b/documents?primaryKey=other', '[{"other":1}]'),
  raw('POST', '/indexes/nokey/documents', '[{"name":"x"}]'),
  raw('POST', '/indexes/nokey/documents', '[{"name":"y"}]'),
  raw('POST', '/indexes/twokeys/documents', '[{"id":1,"otherId":2,"kid":3}]'),
  raw('POST', '/indexes/b/documents', '[{"id":3,"_geo":{"lat":"north","lng":1}}]'),
  raw('POST', '/indexes/b/documents', '[{"id":3,"_geo":5}]'),
  raw('POST', '/indexes/b/documents', '[{"id":3,"_geo":{"lat":1}}]'),
  raw('POST', '/indexes/b/documents', '[{"id":3,"_vectors":5}]'),
  raw('POST', '/indexes/fresh3/documents', '[{"meta":{"nokey":7}}]'),
].map((request) => ['ids and bad documents', request]);

const settingsWrites: Write[] = [
  json('PATCH', '/indexes/b/settings', {
    filterableAttributes: ['v', '_geo'],
    sortableAttributes: ['v'],
    rankingRules: ['words', 'v:desc', 'typo'],
    stopWords: ['the', 'a'],
    synonyms: { big: ['large'] },
    typoTolerance: { enabled: false },
    pagination: { maxTotalHits: 50 },
    faceting: { maxValuesPerFacet: 3, sortFacetValuesBy: { v: 'count' } },
  }),
  json('PATCH', '/indexes/b/settings', {}),
  json('PATCH', '/indexes/b/settings', { synonyms: null, typoTolerance: { minWordSizeForTypos: { oneTypo: 4 } } }),
  json('PUT', '/indexes/b/settings/filterable-attributes', [
    'v',
    { attributePatterns: ['x*'], features: { facetSearch: true, filter: { equality: true, comparison: false } } },
  ]),
  json('PUT', '/indexes/b/settings/searchable-attributes', ['name', 'v']),
  json('PUT', '/indexes/b/settings/displayed-attributes', ['id', 'name', 'v']),
  json('PUT', '/indexes/b/settings/distinct-attribute', 'v'),
  json('PUT', '/indexes/b/settings/separator-tokens', ['|', '&&']),
  json('PUT', '/indexes/b/settings/non-separator-tokens', ['@', '#']),
  json('PUT', '/indexes/b/settings/dictionary', ['J. K.']),
  json('PUT', '/indexes/b/settings/proximity-precision', 'byAttribute'),
  json('PUT', '/indexes/b/settings/search-cutoff-ms', 800),
  json('PUT', '/indexes/b/settings/localized-attributes', [{ locales: ['fra'], attributePatterns: ['name'] }]),
  json('PUT', '/indexes/b/settings/prefix-search', 'disabled'),
  json('PUT', '/indexes/b/settings/facet-search', false),
  json('PATCH', '/indexes/b/settings/faceting', { maxValuesPerFacet: 7 }),
  json('PATCH', '/indexes/b/settings/pagination', { maxTotalHits: 60 }),
  json('PATCH', '/indexes/b/settings', { typoTolerance: { minWordSizeForTypos: { oneTypo: 12 } } }),
  json('PATCH', '/indexes/b/settings/embedders', { own: { source: 'userProvided', dimensions: 3 } }),
  plain('DELETE', '/indexes/b/settings/embedders'),
  plain('DELETE', '/indexes/b/settings/filterable-attributes'),
  plain('DELETE', '/indexes/b/settings/faceting'),
  json('PUT', '/indexes/b/settings/stop-words', null),
  json('PATCH', '/indexes/by-settings/settings', { sortableAttributes: ['x'] }),
  plain('DELETE', '/indexes/none/settings'),
  plain('DELETE', '/indexes/none/settings/stop-words'),
  plain('DELETE', '/indexes/b/settings'),
  json('PUT', '/indexes/b/settings/filterable-attributes', ['v']),
].map((request) => ['settings', request]);

const deletions: Write[] = [
  plain('DELETE', '/indexes/b/documents/3'),
  plain('DELETE', '/indexes/b/documents/3'),
  plain('DELETE', '/indexes/b/documents/nope'),
  plain('DELETE', '/indexes/b/documents/a%20b'),
  json('POST', '/indexes/b/documents/delete-batch', [4, '5', 4, 'nope', 90_000]),
  json('POST', '/indexes/b/documents/delete-batch', []),
  json('POST', '/indexes/b/documents/delete', { filter: 'v = 2' }),
  json('POST', '/indexes/b/documents/delete', { filter: ['v = 1', ['id = 1', 'id = 6']] }),
  json('POST', '/indexes/b/documents/delete', { filter: [['v = 0'], 'v EXISTS'] }),
  json('POST', '/indexes/b/documents/delete', { filter: 'name = x' }),
  json('POST', '/indexes/none/documents/delete', { filter: 'v = 1' }),
  plain('DELETE', '/indexes/none/documents'),
  plain('DELETE', '/indexes/none/documents/1'),
  json('POST', '/indexes/none/documents/delete-batch', [1]),
  plain('DELETE', '/indexes/b/documents'),
  json('PATCH', '/indexes/b', { primaryKey: 'sku' }),
  raw('POST', '/indexes/b/documents', '[{"sku":"s1"}]'),
].map((request) => ['deletions', request]);

const taskWrites: Write[] = [
  plain('POST', '/tasks/cancel?statuses=enqueued,processing'),
  plain('POST', '/tasks/cancel?uids=1,2&indexUids=b'),
  plain('DELETE', '/tasks?uids=0'),
  plain('DELETE', '/tasks?statuses=succeeded&types=indexDeletion'),
  plain('DELETE', '/tasks?uids=99999'),
].map((request) => ['tasks', request]);

/** A long life of several indexes: good writes, writes that fail in their task, in an order that makes both matter. */
export const script: readonly Write[] = [
  ...indexes,
  ...additions,
  ...refusedAdditions,
  ...settingsWrites,
  ...deletions,
  ...taskWrites,
];

/** Batches tell when they were closed and how; only what a client can act on is compared. */
const views: readonly string[] = [
  '/indexes',
  '/indexes?limit=2&offset=1',
  '/indexes/b',
  '/indexes/nokey',
  '/indexes/b/settings',
  '/indexes/fresh3/settings',
  '/indexes/by-settings/settings',
  ...[
    'searchable-attributes',
    'displayed-attributes',
    'filterable-attributes',
    'ranking-rules',
    'typo-tolerance',
    'faceting',
    'pagination',
    'embedders',
    'distinct-attribute',
    'search-cutoff-ms',
    'localized-attributes',
    'prefix-search',
    'facet-search',
    'proximity-precision',
  ].map((name) => `/indexes/b/settings/${name}`),
  '/tasks',
  '/tasks?limit=3',
  '/tasks?limit=200',
  '/tasks?from=20&limit=5',
  '/tasks?reverse=true&limit=4',
  '/tasks?reverse=true&from=30&limit=4',
  '/tasks?statuses=failed&limit=100',
  '/tasks?types=settingsUpdate,indexCreation&limit=100',
  '/tasks?indexUids=b&limit=100',
  '/tasks?indexUids=*&limit=2',
  '/tasks?uids=5,6,7',
  '/tasks?uids=*&limit=1',
  '/tasks?statuses=succeeded&indexUids=fresh,fresh2&types=documentAdditionOrUpdate',
  '/tasks?canceledBy=3',
  '/tasks?afterEnqueuedAt=2020-01-01&limit=2',
  '/tasks?beforeEnqueuedAt=2020-01-01',
  '/tasks?beforeFinishedAt=2020-01-01T00:00:00Z',
  '/tasks?afterStartedAt=2020-01-01&limit=1',
  '/tasks?limit=0',
];

/**
 * Send one write to both sides and compare the answer; then wait for the tasks on both, so that no two writes are under
 * way together and share a batch, and compare the ended tasks.
 */
async function compareWrite(
  oracle: Server,
  subject: Server,
  [category, request]: Write,
  report: Report,
): Promise<void> {
  const [expected, got] = await Promise.all([send(oracle, request), send(subject, request)]);
  const label = `${request.method} ${request.path} ${(request.body ?? '').toString().slice(0, 200)}`;
  report.add(`${category}: answer`, label, diffAnswers(expected, got));
  const [theirs, ours] = await Promise.all([endedTask(oracle, expected), endedTask(subject, got)]);
  if (theirs !== null && ours !== null) report.add(`${category}: task`, label, diffAnswers(theirs, ours));
}

/** The task that an answer names, once it has ended; null for a refusal. Cancelling and deleting tasks answers 200, all else 202. */
async function endedTask(server: Server, answer: RawAnswer): Promise<RawAnswer | null> {
  const { taskUid } = JSON.parse(answer.text) as { taskUid?: number };
  if (taskUid === undefined) return null;
  await waitForTask(server, taskUid);
  return send(server, { method: 'GET', path: `/tasks/${taskUid}` });
}

/** Run the whole script on both sides step by step, then compare every view of what it left behind. */
export async function compareWrites(oracle: Server, subject: Server, report: Report): Promise<void> {
  for (const step of script) await compareWrite(oracle, subject, step, report);
  for (const path of views) {
    const [expected, got] = await Promise.all([
      send(oracle, { method: 'GET', path }),
      send(subject, { method: 'GET', path }),
    ]);
    report.add('views', `GET ${path}`, diffAnswers(expected, got));
  }
}

/** What a batch says about its tasks, without how long and why it was closed. */
const batchIgnored = new Set([
  'processingTimeMs',
  'enqueuedAt',
  'startedAt',
  'finishedAt',
  'duration',
  'progressTrace',
  'writeChannelCongestion',
  'internalDatabaseSizes',
  'batchStrategy',
]);

/** How a node's own database fared; Miroir's batches have none. */
const nodeInternals = new Set(['progressTrace', 'writeChannelCongestion', 'internalDatabaseSizes']);

/** Lists that hold no batch of an index that was renamed later. */
const batchLists: readonly string[] = [
  '/batches',
  '/batches?limit=0',
  '/batches?from=60&limit=30',
  '/batches?reverse=true&from=13&limit=10',
  '/batches?statuses=failed&limit=30',
  '/batches?statuses=enqueued,processing,canceled',
  '/batches?indexUids=fresh3,by-settings,nokey',
  '/batches?types=settingsUpdate&limit=100',
  '/batches?types=taskDeletion,taskCancelation',
  '/batches/30',
  '/batches/4000',
  '/batches?uids=20,21,4000',
  '/batches?batchUids=20,21',
  '/batches?batchUids=20,21&uids=21,22',
  '/batches?canceledBy=3',
  '/batches?afterStartedAt=2020-01-01&beforeFinishedAt=2100-01-01&limit=2',
  '/batches?beforeEnqueuedAt=2020-01-01',
];
/** Lists that hold such batches: 1.21 leaves them under the former name (`docs/fidelity.md`). */
const renamedBatchLists: readonly string[] = ['/batches?limit=200', '/batches?reverse=true&limit=3', '/batches/4'];

/** Batches of the same script: each write was waited for, so each task was a batch of its own on both sides. */
export async function compareBatches(oracle: Server, subject: Server, report: Report): Promise<void> {
  async function compare(path: string, loose: ReadonlySet<string>): Promise<void> {
    const [expected, got] = await Promise.all([
      send(oracle, { method: 'GET', path }),
      send(subject, { method: 'GET', path }),
    ]);
    report.add('batches', `GET ${path}`, diffAnswers(expected, got, { loose, optional: nodeInternals }));
  }
  for (const path of batchLists) await compare(path, batchIgnored);
  for (const path of renamedBatchLists) await compare(path, new Set([...batchIgnored, 'indexUids']));
}
