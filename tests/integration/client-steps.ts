import { Meilisearch } from 'meilisearch';
import { generateTenantToken } from 'meilisearch/token';

/** What a step may use: the official client, and another one for a key or token. */
export interface ClientContext {
  client: Meilisearch;
  as(apiKey: string): Meilisearch;
}

/** One call of the official client by its method's name; its outcome must be the same on both sides. */
export type ClientStep = [method: string, call: (context: ClientContext) => Promise<unknown>];

const keyUid = '10000000-0000-4000-8000-000000000001';
const books = Array.from({ length: 60 }, (_, i) => ({
  id: i,
  title: `Book ${i} of ${['sea', 'land', 'air'][i % 3]}`,
  year: 1960 + i,
  tags: [`t${i % 4}`],
  price: i + 0.5,
}));

/** `createIndex` takes no notice of the client's `defaultWaitOptions`. */
const patient = { timeout: 60_000 };

const indexSteps: ClientStep[] = [
  ['createIndex', ({ client }) => client.createIndex('books', { primaryKey: 'id' }).waitTask(patient)],
  ['createIndex again', ({ client }) => client.createIndex('books').waitTask(patient)],
  ['getRawIndex', ({ client }) => client.getRawIndex('books')],
  ['getIndex', async ({ client }) => (await client.getIndex('books')).primaryKey],
  ['getIndex unknown', ({ client }) => client.getIndex('nope')],
  ['getRawIndexes', ({ client }) => client.getRawIndexes({ limit: 5 })],
  ['getIndexes', async ({ client }) => (await client.getIndexes()).results.map((index) => index.uid)],
  ['updateIndex', ({ client }) => client.updateIndex('books', { primaryKey: 'id' }).waitTask()],
  ['index.getRawInfo', ({ client }) => client.index('books').getRawInfo()],
  ['index.fetchInfo', async ({ client }) => (await client.index('books').fetchInfo()).primaryKey],
  ['index.fetchPrimaryKey', ({ client }) => client.index('books').fetchPrimaryKey()],
  ['index.update', ({ client }) => client.index('books').update({ primaryKey: 'id' }).waitTask()],
];

const writeSteps: ClientStep[] = [
  ['addDocuments', ({ client }) => client.index('books').addDocuments(books.slice(0, 20)).waitTask()],
  [
    'addDocuments with key',
    ({ client }) =>
      client
        .index('other')
        .addDocuments([{ sku: 'a', id: 1 }], { primaryKey: 'sku' })
        .waitTask(),
  ],
  ['addDocuments more', ({ client }) => client.index('books').addDocuments(books.slice(20)).waitTask()],
  [
    'addDocumentsInBatches',
    async ({ client }) =>
      (
        await Promise.all(
          client
            .index('many')
            .addDocumentsInBatches(books.slice(20), 15)
            .map((task) => task.waitTask()),
        )
      ).map((task) => [task.status, task.details]),
  ],
  [
    'addDocumentsFromString',
    ({ client }) => client.index('books').addDocumentsFromString('id,title\n900,From csv', 'text/csv').waitTask(),
  ],
  [
    'addDocumentsFromString ndjson',
    ({ client }) =>
      client.index('books').addDocumentsFromString('{"id":901}\n{"id":902}', 'application/x-ndjson').waitTask(),
  ],
  [
    'updateDocuments',
    ({ client }) =>
      client
        .index('books')
        .updateDocuments([
          { id: 1, extra: true },
          { id: 903, title: 'new' },
        ])
        .waitTask(),
  ],
  [
    'updateDocumentsInBatches',
    async ({ client }) =>
      (
        await Promise.all(
          client
            .index('books')
            .updateDocumentsInBatches([{ id: 2, extra: 1 }], 1)
            .map((task) => task.waitTask()),
        )
      ).map((task) => task.status),
  ],
  [
    'updateDocumentsFromString',
    ({ client }) =>
      client.index('books').updateDocumentsFromString('[{"id":4,"extra":null}]', 'application/json').waitTask(),
  ],
  [
    'addDocuments bad id',
    ({ client }) =>
      client
        .index('books')
        .addDocuments([
          { id: 5, title: 'x' },
          { id: 'a b', title: 'y' },
        ] as never)
        .waitTask(),
  ],
  ['getDocument', ({ client }) => client.index('books').getDocument(1)],
  ['getDocument fields', ({ client }) => client.index('books').getDocument('2', { fields: ['title'] })],
  ['getDocument unknown', ({ client }) => client.index('books').getDocument(5_000)],
  ['getDocuments', async ({ client }) => (await client.index('books').getDocuments({ limit: 2 })).total],
  [
    'getDocuments by ids',
    async ({ client }) => (await client.index('books').getDocuments({ ids: [3, 4], limit: 9 })).results.length,
  ],
];

const settings = {
  Pagination: { maxTotalHits: 500 },
  Synonyms: { sea: ['ocean'] },
  StopWords: ['of'],
  RankingRules: ['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness', 'year:desc'],
  DistinctAttribute: 'year',
  FilterableAttributes: ['year', 'tags', 'id'],
  SortableAttributes: ['year', 'price'],
  SearchableAttributes: ['title', 'tags'],
  DisplayedAttributes: ['id', 'title', 'year', 'tags'],
  TypoTolerance: { minWordSizeForTypos: { oneTypo: 4, twoTypos: 8 } },
  Faceting: { maxValuesPerFacet: 9 },
  SeparatorTokens: ['|'],
  NonSeparatorTokens: ['#'],
  Dictionary: ['J. R.'],
  ProximityPrecision: 'byAttribute',
  SearchCutoffMs: 900,
  LocalizedAttributes: [{ locales: ['eng'], attributePatterns: ['title'] }],
  FacetSearch: false,
  PrefixSearch: 'disabled',
} as const;

type SettingMethods = Record<string, (value?: unknown) => Promise<unknown> & { waitTask(): Promise<unknown> }>;

function settingSteps(): ClientStep[] {
  const call = (context: ClientContext, method: string, value?: unknown) => {
    const index = context.client.index('books') as unknown as SettingMethods;
    const run = index[method];
    if (run === undefined) throw new Error(`the client has no method ${method}`);
    return run.call(index, value);
  };
  const each = Object.entries(settings).flatMap(([name, value]): ClientStep[] => [
    [`update${name}`, (context) => call(context, `update${name}`, value).waitTask()],
    [`get${name}`, (context) => call(context, `get${name}`)],
    [`reset${name}`, (context) => call(context, `reset${name}`).waitTask()],
    [`get${name} after reset`, (context) => call(context, `get${name}`)],
  ]);
  return [
    ['getSettings', ({ client }) => client.index('books').getSettings()],
    ...each,
    [
      'updateSettings',
      ({ client }) =>
        client
          .index('books')
          .updateSettings({ filterableAttributes: ['year', 'tags', 'id'], sortableAttributes: ['year', 'price'] })
          .waitTask(),
    ],
    ['getSettings after', ({ client }) => client.index('books').getSettings()],
  ];
}

const searchSteps: ClientStep[] = [
  ['search', ({ client }) => client.index('books').search('sea')],
  [
    'search with options',
    ({ client }) =>
      client.index('books').search('book', {
        filter: 'year > 2000',
        sort: ['price:desc'],
        facets: ['tags'],
        limit: 4,
        attributesToHighlight: ['title'],
        showRankingScore: true,
      }),
  ],
  ['search pages', ({ client }) => client.index('books').search('', { page: 2, hitsPerPage: 7, sort: ['year:asc'] })],
  [
    'searchGet',
    ({ client }) =>
      client
        .index('books')
        .searchGet('land', { filter: 'tags = t1', attributesToRetrieve: ['id'], sort: ['year:asc'] }),
  ],
  ['search refused', ({ client }) => client.index('books').search('x', { filter: 'title = x' })],
  ['search unknown index', ({ client }) => client.index('nope').search('x')],
];

const keySteps: ClientStep[] = [
  [
    'createKey',
    ({ client }) =>
      client.createKey({ uid: keyUid, name: 'k', actions: ['search'], indexes: ['books'], expiresAt: null }),
  ],
  ['getKey', ({ client }) => client.getKey(keyUid)],
  ['updateKey', ({ client }) => client.updateKey(keyUid, { name: 'renamed' })],
  ['getKeys', async ({ client }) => (await client.getKeys({ limit: 1 })).results.map((key) => key.name)],
  [
    'search by key',
    async ({ client, as }) =>
      (
        await as((await client.getKey(keyUid)).key)
          .index('books')
          .search('sea')
      ).hits.length,
  ],
  ['refused by key', async ({ client, as }) => as((await client.getKey(keyUid)).key).getStats()],
  [
    'search by tenant token',
    async ({ client, as }) => {
      const { key } = await client.getKey(keyUid);
      const token = await generateTenantToken({
        apiKey: key,
        apiKeyUid: keyUid,
        searchRules: { books: { filter: 'year = 1963' } },
      });
      return (await as(token).index('books').search('')).hits;
    },
  ],
  ['deleteKey', ({ client }) => client.deleteKey(keyUid)],
  ['getKey deleted', ({ client }) => client.getKey(keyUid)],
];

const instanceSteps: ClientStep[] = [
  ['health', ({ client }) => client.health()],
  ['isHealthy', ({ client }) => client.isHealthy()],
  ['getVersion', async ({ client }) => (await client.getVersion()).pkgVersion],
  [
    'getStats',
    async ({ client }) =>
      Object.entries((await client.getStats()).indexes).map(([uid, stats]) => [
        uid,
        stats.numberOfDocuments,
        stats.fieldDistribution,
      ]),
  ],
  ['index.getStats', async ({ client }) => (await client.index('books').getStats()).fieldDistribution],
  ['tasks.getTask', ({ client }) => client.tasks.getTask(3)],
  ['tasks.getTasks', ({ client }) => client.tasks.getTasks({ limit: 3, statuses: ['failed'] })],
  ['tasks.waitForTask', async ({ client }) => (await client.tasks.waitForTask(0)).status],
  ['batches.getBatches', async ({ client }) => (await client.batches.getBatches({ limit: 2 })).results.length],
  ['batches.getBatch', async ({ client }) => (await client.batches.getBatch(1)).uid],
  ['tasks.cancelTasks', ({ client }) => client.tasks.cancelTasks({ statuses: ['enqueued'] }).waitTask()],
  ['tasks.deleteTasks', ({ client }) => client.tasks.deleteTasks({ uids: [1] }).waitTask()],
];

const deletionSteps: ClientStep[] = [
  ['deleteDocument', ({ client }) => client.index('books').deleteDocument(1).waitTask()],
  ['deleteDocuments by ids', ({ client }) => client.index('books').deleteDocuments([2, 3, 4_444]).waitTask()],
  [
    'deleteDocuments by filter',
    ({ client }) => client.index('books').deleteDocuments({ filter: 'year < 1970' }).waitTask(),
  ],
  ['search after deletions', async ({ client }) => (await client.index('books').search('')).estimatedTotalHits],
  ['deleteAllDocuments', ({ client }) => client.index('books').deleteAllDocuments().waitTask()],
  ['resetSettings', ({ client }) => client.index('books').resetSettings().waitTask()],
  ['index.delete', ({ client }) => client.index('other').delete().waitTask()],
  ['deleteIndex', ({ client }) => client.deleteIndex('books').waitTask()],
  ['deleteIndexIfExists', ({ client }) => client.deleteIndexIfExists('books')],
];

/** The methods of the official client on the core routes, in an order in which each has something to do. */
export const clientSteps: readonly ClientStep[] = [
  ...indexSteps,
  ...writeSteps,
  ...settingSteps(),
  ...searchSteps,
  ...keySteps,
  ...instanceSteps,
  ...deletionSteps,
];

/** A context for one server. */
export function clientContext(host: string, apiKey: string): ClientContext {
  const connect = (key: string) => new Meilisearch({ host, apiKey: key, defaultWaitOptions: { timeout: 60_000 } });
  return { client: connect(apiKey), as: connect };
}
