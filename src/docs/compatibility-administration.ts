import { area, type ParameterArea, type ParameterRow, same } from './compatibility-parameters.ts';
import type { Row } from './compatibility-routes.ts';

const page = [same('offset', '0'), same('limit', '20')];
const date = '2030-01-01T00:00:00Z';

/** Filters of tasks and batches. */
const taskFilters: readonly ParameterRow[] = [
  same('uids', '0'),
  same('batchUids', '0'),
  same('canceledBy', '0'),
  same('types', 'indexCreation,settingsUpdate'),
  same('statuses', 'succeeded'),
  same('indexUids', 'others'),
  same('afterEnqueuedAt', date),
  same('beforeEnqueuedAt', date),
  same('afterStartedAt', date),
  same('beforeStartedAt', date),
  same('afterFinishedAt', date),
  same('beforeFinishedAt', date),
];
const taskList: readonly ParameterRow[] = [
  same('limit', '5'),
  same('from', '1'),
  same('reverse', 'true'),
  ...taskFilters,
];

const key: readonly ParameterRow[] = [
  same('uid', '00000000-0000-4000-8000-000000000003'),
  same('name', 'shop'),
  same('description', 'For the search page'),
  same('actions', ['search', 'documents.*']),
  same('indexes', ['films', 'shop-*']),
  same('expiresAt', '2042-04-02T00:42:42Z'),
];

const webhook: readonly ParameterRow[] = [
  same('url', 'http://127.0.0.1:9/'),
  same('headers', { 'x-sender': 'search' }),
];

const exporting: readonly ParameterRow[] = [
  same('url', 'http://127.0.0.1:9'),
  same('apiKey', 'its-key'),
  same('payloadSize', '50 MiB'),
  same('indexes', { 'shop-*': { filter: 'year > 2000', overrideSettings: true } }),
];

const embedder: readonly ParameterRow[] = [
  same('source', 'userProvided'),
  same('model', 'a-model'),
  same('revision', 'main'),
  same('pooling', 'forceMean'),
  same('apiKey', 'its-key'),
  same('dimensions', 2),
  same('binaryQuantized', false),
  same('documentTemplate', '{{doc.title}}'),
  same('documentTemplateMaxBytes', 400),
  same('url', 'http://127.0.0.1:9'),
  same('indexingFragments', { text: { value: '{{doc.title}}' } }),
  same('searchFragments', { text: { value: '{{q}}' } }),
  same('request', { input: '{{text}}' }),
  same('response', { vector: '{{embedding}}' }),
  same('headers', { 'x-sender': 'search' }),
  same('searchEmbedder', { source: 'userProvided' }),
  same('indexingEmbedder', { source: 'userProvided' }),
  same('distribution', { mean: 0.5, sigma: 0.2 }),
];

const settings = '/indexes/{uid}/settings';
const inSettings = (name: string, parameters: readonly ParameterRow[], inside: ParameterArea['inside'] = [name]) =>
  area(`\`PATCH ${settings}\`, inside \`${inside.join('.')}\``, 'PATCH', settings, 'body', parameters, inside);

/** The parameters of everything but searching and documents. The last swaps indexes, twice. */
export const administrationAreas: readonly ParameterArea[] = [
  area('`GET /indexes`', 'GET', '/indexes', 'query', page),
  area('`POST /indexes`', 'POST', '/indexes', 'body', [same('uid', 'made'), same('primaryKey', 'id')]),
  area('`PATCH /indexes/{uid}`', 'PATCH', '/indexes/{uid}', 'body', [
    same('primaryKey', 'id'),
    { ...same('uid', 'films'), since: '1.18' },
  ]),
  area('`GET /tasks`', 'GET', '/tasks', 'query', taskList),
  area('`GET /batches`', 'GET', '/batches', 'query', taskList),
  area('`POST /tasks/cancel`', 'POST', '/tasks/cancel', 'query', taskFilters),
  area('`DELETE /tasks`', 'DELETE', '/tasks', 'query', taskFilters),
  area('`GET /keys`', 'GET', '/keys', 'query', page),
  area('`POST /keys`', 'POST', '/keys', 'body', key),
  area('`PATCH /keys/{key}`', 'PATCH', '/keys/{key}', 'body', [
    same('name', 'shop'),
    same('description', 'Of the shop'),
  ]),
  area('`POST /webhooks`', 'POST', '/webhooks', 'body', webhook),
  area('`PATCH /webhooks/{uuid}`', 'PATCH', '/webhooks/{uuid}', 'body', webhook),
  area('`POST /export`', 'POST', '/export', 'body', exporting),
  inSettings('typoTolerance', [
    same('enabled', true),
    same('minWordSizeForTypos', { oneTypo: 4, twoTypos: 8 }),
    same('disableOnWords', ['exact']),
    same('disableOnAttributes', ['genre']),
    same('disableOnNumbers', true),
  ]),
  inSettings('faceting', [same('maxValuesPerFacet', 100), same('sortFacetValuesBy', { genre: 'count' })]),
  inSettings('pagination', [same('maxTotalHits', 1_000)]),
  inSettings('embedders', embedder, ['embedders', 'manual']),
  area(
    '`POST /swap-indexes`, inside each swap',
    'POST',
    '/swap-indexes',
    'body',
    [same('indexes', ['films', 'others']), { ...same('rename', false), since: '1.18' }],
    [0],
  ),
];

/** Something that a parameter, setting or header may hold, with a request that holds it. */
export interface ValueRow extends Row {
  title: string;
  method: ParameterArea['method'];
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

const search = { method: 'POST', path: '/indexes/{uid}/search' } as const;
const later = (
  title: string,
  since: string,
  request: Pick<ValueRow, 'method' | 'path' | 'body' | 'headers'>,
): ValueRow => ({ ...request, title, since, state: 'newer' });
const filter = (text: string) => ({ ...search, body: { filter: text } });
const rules = (...rankingRules: string[]) => ({ method: 'PATCH', path: settings, body: { rankingRules } }) as const;
const action = (name: string) => {
  const body = { actions: [name], indexes: ['*'], expiresAt: null };
  return { method: 'POST', path: '/keys', body } as const;
};
const taskType = (name: string) => ({ method: 'GET', path: `/tasks?types=${name}` }) as const;

/** New values of what is there already, and headers. */
export const valueRows: readonly ValueRow[] = [
  {
    ...search,
    title: 'the filter operators `CONTAINS` and `STARTS WITH`',
    state: 'same',
    since: '1.10',
    note: '`CONTAINS` needs the feature `containsFilter`.',
    body: { filter: 'genre STARTS WITH s AND NOT genre CONTAINS x' },
  },
  {
    ...search,
    title: 'the filters `_geoRadius` and `_geoBoundingBox`',
    state: 'same',
    body: { filter: '_geoRadius(1, 2, 3) OR _geoBoundingBox([2, 2], [1, 1])' },
  },
  later('the filter `_geoPolygon`', '1.22', filter('_geoPolygon([1, 1], [2, 2], [1, 2])')),
  later('the header `Meili-Include-Metadata`', '1.24', { ...search, headers: { 'meili-include-metadata': 'true' } }),
  later('the ranking rule `attributeRank`', '1.36', rules('words', 'attributeRank')),
  later('the ranking rule `wordPosition`', '1.36', rules('words', 'wordPosition')),
  later('the parameter `showInternalDatabaseSizes` of `GET /stats`', '1.44', {
    method: 'GET',
    path: '/stats?showInternalDatabaseSizes=true',
  }),
  later('the parameter `sizeFormat` of `GET /stats`', '1.44', { method: 'GET', path: '/stats?sizeFormat=human' }),
  later('the key action `indexes.compact`', '1.23', action('indexes.compact')),
  later('the key action `fields.post`', '1.33', action('fields.post')),
  later('the task type `indexCompaction`', '1.23', taskType('indexCompaction')),
  later('the task type `networkTopologyChange`', '1.30', taskType('networkTopologyChange')),
  later('the task type `dsrUpdate`', '1.41', taskType('dsrUpdate')),
];
