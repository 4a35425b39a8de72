import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Server, send, write } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';

let oracle: Oracle | undefined;
let cluster: Cluster | undefined;

const colours = ['Red', 'blue', 'green', 'Rose', 'rouge', 'réd'];
const paints = Array.from({ length: 120 }, (_, id) => ({
  id,
  colour: colours[id % 6],
  shade: `tone ${id % 17}`,
  price: id % 4,
  title: `paint ${id} of ${colours[(id * 7) % 6]}`,
}));

async function load(server: Server): Promise<void> {
  const settings = {
    filterableAttributes: [
      'colour',
      'shade',
      'price',
      { attributePatterns: ['title'], features: { facetSearch: false } },
    ],
    sortableAttributes: ['price', 'id'],
  };
  const put = (method: 'POST' | 'PATCH', path: string, body: unknown) =>
    write(server, { method, path, body: JSON.stringify(body) });
  await put('PATCH', '/indexes/paints/settings', settings);
  await put('POST', '/indexes/paints/documents', paints);
  await put('PATCH', '/indexes/counted/settings', {
    filterableAttributes: ['shade'],
    faceting: { maxValuesPerFacet: 5, sortFacetValuesBy: { '*': 'count' } },
  });
  await put('POST', '/indexes/counted/documents?primaryKey=id', paints.slice(0, 100));
  await put('PATCH', '/indexes/silent/settings', { facetSearch: false, filterableAttributes: ['a'] });
}

beforeAll(async () => {
  [oracle, cluster] = await Promise.all([startOracle(), startCluster({ nodes: 3, replicationFactor: 2, shards: 8 })]);
  await Promise.all([load(oracle), load(cluster)]);
});

afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

/** Status and body of both servers, the time taken left out. */
async function both(path: string, body: unknown): Promise<{ expected: string; got: string }> {
  if (oracle === undefined || cluster === undefined) throw new Error('the servers did not start');
  const [expected, got] = await Promise.all(
    [oracle, cluster].map(async (server) => {
      const answer = await send(server, { method: 'POST', path, body: JSON.stringify(body) });
      return `${answer.status} ${answer.text.replaceAll(/"processingTimeMs":\d+/g, '')}`;
    }),
  );
  return { expected: expected ?? '', got: got ?? '' };
}

const sorted = { indexUid: 'paints', sort: ['id:desc'], limit: 3 };

describe('multi-search answers as one server', () => {
  const bodies: [string, unknown][] = [
    ['nothing', {}],
    ['no queries', { queries: [] }],
    ['queries of a wrong kind', { queries: {} }],
    ['a query without index', { queries: [{}] }],
    ['a bad uid', { queries: [{ indexUid: 'a b' }] }],
    ['an unknown field', { queries: [{ indexUid: 'paints', foo: 1 }] }],
    ['a wrong type', { queries: [sorted, { indexUid: 'paints', limit: 'x' }] }],
    ['an unknown field beside the queries', { foo: 1, queries: [] }],
    ['federation null', { federation: null, queries: [sorted] }],
    ['an unknown index', { queries: [sorted, { indexUid: 'nope' }] }],
    ['two faulty queries', { queries: [sorted, { indexUid: 'paints', filter: 'x = 1' }, { indexUid: 'nope' }] }],
    ['a bad sort', { queries: [{ indexUid: 'paints', sort: ['title:asc'] }] }],
    ['federation options', { queries: [{ indexUid: 'paints', federationOptions: { weight: 2 } }] }],
    [
      'pages',
      {
        queries: [
          { ...sorted, page: 2, hitsPerPage: 7 },
          { ...sorted, offset: 5 },
        ],
      },
    ],
    [
      'facets',
      {
        queries: [
          { ...sorted, facets: ['shade', 'price'], q: 'paint' },
          { ...sorted, filter: 'price = 1' },
        ],
      },
    ],
    [
      'two hundred',
      { queries: Array.from({ length: 200 }, (_, i) => ({ ...sorted, filter: `id < ${i} OR price > 0` })) },
    ],
    ['indexes mixed', { queries: [sorted, { indexUid: 'counted', limit: 0 }, { indexUid: 'silent' }] }],
  ];
  test.each(bodies)('%s', async (_, body) => {
    const { expected, got } = await both('/multi-search', body);
    expect(got).toBe(expected);
  });
});

describe('facet search answers as one server', () => {
  const colour = { facetName: 'colour' };
  const bodies: [string, string, unknown][] = [
    ['nothing', 'paints', {}],
    ['all values', 'paints', colour],
    ['a beginning', 'paints', { ...colour, facetQuery: 'r' }],
    ['an accent', 'paints', { ...colour, facetQuery: 're' }],
    ['a typo', 'paints', { ...colour, facetQuery: 'rougge' }],
    ['no such value', 'paints', { ...colour, facetQuery: 'zz' }],
    ['an empty query', 'paints', { ...colour, facetQuery: '' }],
    ['numbers', 'paints', { facetName: 'price', facetQuery: '1' }],
    ['a search', 'paints', { ...colour, q: 'paint 1', facetQuery: 'r' }],
    ['a filter', 'paints', { ...colour, filter: ['price = 1', 'id < 40'] }],
    ['a bad filter', 'paints', { ...colour, filter: 'zz = 1' }],
    ['an attribute without the feature', 'paints', { facetName: 'title' }],
    ['an unknown attribute', 'paints', { facetName: 'zz' }],
    ['a marker field', 'paints', { facetName: '_miroir_shard' }],
    ['parameters of a search', 'paints', { ...colour, limit: 1, sort: ['x'], foo: 1 }],
    ['wrong types', 'paints', { facetName: 1 }],
    ['a wrong query', 'paints', { ...colour, facetQuery: 5 }],
    ['exhaustive counts', 'paints', { ...colour, exhaustiveFacetCount: true, q: 'paint' }],
    ['by count, cut', 'counted', { facetName: 'shade' }],
    ['by count, with a query', 'counted', { facetName: 'shade', facetQuery: 'tone 1' }],
    ['switched off', 'silent', { facetName: 'a' }],
    ['an unknown index', 'nope', colour],
  ];
  test.each(bodies)('%s', async (_, index, body) => {
    const { expected, got } = await both(`/indexes/${index}/facet-search`, body);
    expect(got).toBe(expected);
  });
});
