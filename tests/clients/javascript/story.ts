/** The story of tests/clients/README.md, told by Meilisearch's JavaScript client. */
import { deepStrictEqual as equal } from 'node:assert';
import { readFile } from 'node:fs/promises';
import {
  type EnqueuedTaskPromise,
  Meilisearch,
  MeilisearchApiError,
  type SearchResponse,
  type Task,
} from 'meilisearch';
import { generateTenantToken } from 'meilisearch/token';

interface Book {
  id: number;
  title: string;
  year: number;
  price: number;
  signed?: boolean;
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const host = given('STORY_URL');
const keyUid = given('STORY_KEY_UID');
const booksUid = `${given('STORY_PREFIX')}_books`;
const draftUid = `${given('STORY_PREFIX')}_draft`;

const connect = (apiKey: string) => new Meilisearch({ host, apiKey });
const client = connect(given('STORY_KEY'));
const index = client.index<Book>(booksUid);
const documents: Book[] = JSON.parse(await readFile(new URL('../books.json', import.meta.url), 'utf8'));

const settings = {
  searchableAttributes: ['title', 'overview', 'author'],
  filterableAttributes: ['genres', 'author', 'year', 'price'],
  sortableAttributes: ['price', 'year'],
  rankingRules: ['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness', 'rating:desc'],
  synonyms: { ocean: ['sea'] },
  stopWords: ['a', 'of', 'the'],
  typoTolerance: {
    enabled: true,
    minWordSizeForTypos: { oneTypo: 4, twoTypos: 8 },
    disableOnWords: [],
    disableOnAttributes: [],
    disableOnNumbers: false,
  },
  faceting: { maxValuesPerFacet: 50, sortFacetValuesBy: { '*': 'count' as const } },
  pagination: { maxTotalHits: 500 },
};

async function done(enqueued: EnqueuedTaskPromise, status: Task['status'] = 'succeeded'): Promise<Task> {
  const task = await enqueued.waitTask({ timeout: 60_000 });
  equal(task.status, status);
  return task;
}

async function refused(code: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof MeilisearchApiError)) throw error;
    equal(error.cause?.code, code);
    return;
  }
  throw new Error(`expected the error ${code}`);
}

const ids = (answer: Pick<SearchResponse, 'hits'>) => answer.hits.map((hit) => hit.id);

const steps: Record<string, () => Promise<void>> = {
  async 'health and version'() {
    equal(await client.health(), { status: 'available' });
    equal((await client.getVersion()).pkgVersion.split('.')[0], '1');
  },

  async 'create index'() {
    await done(client.createIndex(booksUid, { primaryKey: 'id' }));
    equal((await client.getIndex(booksUid)).primaryKey, 'id');
    equal((await done(client.createIndex(booksUid), 'failed')).error?.code, 'index_already_exists');
    const { results } = await client.getIndexes({ limit: 100 });
    equal(
      results.some(({ uid }) => uid === booksUid),
      true,
    );
  },

  async 'update settings'() {
    await done(index.updateSettings(settings));
    const actual = await index.getSettings();
    equal({ ...actual, ...settings }, actual);
    equal(await index.getRankingRules(), settings.rankingRules);
  },

  async 'add documents'() {
    const { details } = await done(index.addDocuments(documents));
    equal(details, { receivedDocuments: 20, indexedDocuments: 20 });
  },

  async 'update partially'() {
    await done(index.updateDocuments([{ id: 6, price: 15, signed: true }]));
    const { price, signed, title } = await index.getDocument(6);
    equal([price, signed, title], [15, true, 'Ocean of Glass']);
  },

  async 'get documents'() {
    equal(await index.getDocument(3, { fields: ['id', 'year'] }), { id: 3, year: 2012 });
    const page = await index.getDocuments({ limit: 7, offset: 14, fields: ['id'] });
    equal([page.total, page.limit, page.offset, page.results.length], [20, 7, 14, 6]);
    const some = await index.getDocuments({ filter: "author = 'Ana Velasco'", fields: ['id'] });
    equal(some.results.map(({ id }) => id).sort(), [1, 14, 4]);
    await refused('document_not_found', index.getDocument(999));
  },

  async search() {
    const answer = await index.search('ocean');
    equal([ids(answer), answer.estimatedTotalHits], [[6, 10, 4, 3], 4]);
    equal(ids(await index.search('lighthose', { showRankingScore: true })), [5, 18]);
    await refused('invalid_search_filter', index.search('', { filter: 'title = x' }));
    await refused('index_not_found', client.index(`${booksUid}_unknown`).search(''));
  },

  async 'filter and sort'() {
    const filter = ['year >= 2000', ['genres = Mystery', 'genres = Novel']];
    equal(ids(await index.search('', { filter, sort: ['year:desc'] })), [16, 20, 10, 13, 5, 8]);
    const cheapest = await index.search('', { filter: 'year >= 2010 AND genres = Children', sort: ['price:asc'] });
    equal(ids(cheapest), [13, 3]);
  },

  async facets() {
    const { facetDistribution, facetStats } = await index.search('', {
      facets: ['genres', 'year'],
      filter: 'price < 15',
    });
    equal(facetDistribution?.genres, {
      Children: 4,
      Adventure: 3,
      Mystery: 3,
      Novel: 3,
      Cooking: 1,
      'Science Fiction': 1,
    });
    equal(facetStats, { year: { min: 1995, max: 2018 } });
  },

  async 'highlight and crop'() {
    const { hits } = await index.search('sea', {
      attributesToHighlight: ['title'],
      attributesToCrop: ['overview'],
      cropLength: 5,
    });
    const formatted: Record<string, unknown> = { ...hits[0]?._formatted };
    equal(formatted.title, 'The <em>Sea</em> Remembers');
    equal(formatted.overview, 'Three generations of a fishing…');
  },

  async pages() {
    const answer = await index.search('', { page: 2, hitsPerPage: 6, sort: ['price:asc'] });
    equal(ids(answer), [1, 11, 5, 6, 20, 16]);
    equal([answer.page, answer.totalPages, answer.totalHits], [2, 4, 20]);
    equal(ids(await index.search('', { offset: 18, limit: 5, sort: ['price:asc'] })), [2, 19]);
  },

  async 'facet search'() {
    const genres = await index.searchForFacetValues({ facetName: 'genres', facetQuery: 'c' });
    equal(genres.facetHits, [
      { value: 'Children', count: 4 },
      { value: 'Cooking', count: 2 },
    ]);
    const authors = await index.searchForFacetValues({
      facetName: 'author',
      facetQuery: 'da',
      filter: ['year > 2010'],
    });
    equal(authors.facetHits, [{ value: 'Dariusz Nakagawa', count: 3 }]);
  },

  async 'multi search'() {
    const { results } = await client.multiSearch({
      queries: [
        { indexUid: booksUid, q: 'ocean', limit: 2 },
        { indexUid: booksUid, q: '', filter: 'genres = Cooking', sort: ['year:asc'] },
      ],
    });
    equal(
      results.map((result) => [result.indexUid, ids(result)]),
      [
        [booksUid, [6, 10]],
        [booksUid, [15, 12]],
      ],
    );
  },

  async tasks() {
    const failed = await done(index.addDocuments([{ id: 'not an id' }] as never), 'failed');
    equal([failed.error?.code, failed.details?.indexedDocuments], ['invalid_document_id', 0]);
    const listed = await client.tasks.getTasks({
      indexUids: [booksUid],
      types: ['documentAdditionOrUpdate'],
      limit: 2,
    });
    equal([listed.total, listed.results.map(({ status }) => status)], [3, ['failed', 'succeeded']]);
    equal((await client.tasks.getTasks({ indexUids: [booksUid], statuses: ['failed'] })).total, 2);
    equal((await client.tasks.getTask(failed.uid)).indexUid, booksUid);
    await refused('task_not_found', client.tasks.getTask(4_000_000_000));
    const { details } = await done(client.tasks.cancelTasks({ uids: [failed.uid] }));
    equal([details?.matchedTasks, details?.canceledTasks], [1, 0]);
  },

  async keys() {
    const key = await client.createKey({
      uid: keyUid,
      name: 'story',
      actions: ['search'],
      indexes: [booksUid],
      expiresAt: null,
    });
    equal([key.uid, key.actions, key.indexes], [keyUid, ['search'], [booksUid]]);
    const reader = connect(key.key);
    equal(ids(await reader.index(booksUid).search('ocean', { limit: 1 })), [6]);
    await refused('invalid_api_key', reader.index(booksUid).addDocuments([{ id: 1 }]));
    await refused('invalid_api_key', reader.index(draftUid).search(''));
    equal((await client.updateKey(keyUid, { name: 'renamed' })).name, 'renamed');
    equal((await client.getKey(key.key)).name, 'renamed');
  },

  async 'tenant token'() {
    const { key } = await client.getKey(keyUid);
    const searchRules = { [booksUid]: { filter: 'genres = Nature' } };
    const tenant = connect(await generateTenantToken({ apiKey: key, apiKeyUid: keyUid, searchRules }));
    equal(ids(await tenant.index(booksUid).search('', { sort: ['year:asc'] })), [14, 17, 9]);
    equal((await tenant.index(booksUid).search('', { filter: 'year > 2012' })).estimatedTotalHits, 1);
    await refused('invalid_api_key', tenant.getStats());
  },

  async 'delete key'() {
    const { key } = await client.getKey(keyUid);
    await client.deleteKey(keyUid);
    await refused('invalid_api_key', connect(key).index(booksUid).search(''));
    await refused('api_key_not_found', client.getKey(keyUid));
  },

  async stats() {
    const { numberOfDocuments, isIndexing, fieldDistribution } = await index.getStats();
    equal([numberOfDocuments, isIndexing], [20, false]);
    const fields = ['author', 'genres', 'id', 'overview', 'price', 'rating', 'signed', 'title', 'year'];
    equal(Object.keys(fieldDistribution).sort(), fields);
    equal([fieldDistribution.title, fieldDistribution.signed], [20, 1]);
    equal((await client.getStats()).indexes[booksUid]?.numberOfDocuments, 20);
  },

  async 'delete documents'() {
    equal((await done(index.deleteDocument(20))).details?.deletedDocuments, 1);
    equal((await done(index.deleteDocuments([1, 2, 777]))).details?.deletedDocuments, 2);
    equal((await done(index.deleteDocuments({ filter: 'genres = Nature' }))).details?.deletedDocuments, 3);
    equal((await index.getDocuments()).total, 14);
  },

  async 'swap indexes'() {
    const draft = client.index(draftUid);
    await done(draft.addDocuments([{ id: 1, title: 'Only a draft' }]));
    await done(client.swapIndexes([{ indexes: [booksUid, draftUid], rename: false }]));
    equal([(await index.getDocuments()).total, (await draft.getDocuments()).total], [1, 14]);
    equal(ids(await draft.search('ocean')), [6, 10, 4, 3]);
  },

  async 'delete indexes'() {
    equal((await done(client.index(draftUid).deleteAllDocuments())).details?.deletedDocuments, 14);
    await done(client.deleteIndex(booksUid));
    await done(client.deleteIndex(draftUid));
    await refused('index_not_found', client.getIndex(booksUid));
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
  } catch (error) {
    console.error(`FAILED ${name}: ${error}`);
    process.exit(1);
  }
  console.log(`ok ${name}`);
}
