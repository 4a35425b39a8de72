/** Federated searches that are sent to Miroir and to one server. */

/** Name, queries, and what is said about the whole (a limit of five when absent). */
export type Case = [name: string, queries: unknown, federation?: unknown];

export const paint = { indexUid: 'paints', q: 'paint', attributesToRetrieve: ['id'] };
export const tone = { ...paint, q: 'tone 1' };
const all = { ...paint, q: undefined };
export const counted = { indexUid: 'counted' };
export const custom = { indexUid: 'custom', q: 'paint', attributesToRetrieve: ['id'] };
const options = (federationOptions: unknown) => ({ ...paint, federationOptions });
const vector = { indexUid: 'vectors', attributesToRetrieve: ['id'], vector: [0.1, 0.9, 0.3] };
const hybrid = (semanticRatio: number, more: object = {}) => ({
  ...vector,
  hybrid: { embedder: 'e', semanticRatio },
  ...more,
});

/** Requests that one server refuses, and some that look as if it might. */
export const refusals: Case[] = [
  ['an offset', [{ ...paint, offset: 3 }]],
  ['several', [{ ...paint, limit: 0, page: 3 }]],
  ['a page in the second query', [paint, { ...paint, page: 3 }]],
  ['a size of pages', [{ ...paint, hitsPerPage: 3 }]],
  ['facets', [{ ...paint, facets: ['a', 'b"c'] }]],
  [
    'facets after pages',
    [
      { ...paint, facets: ['a'] },
      { ...paint, offset: 1 },
    ],
  ],
  ['no facets', [{ ...paint, facets: [] }]],
  ['nulls', [{ ...paint, facets: null, offset: null, limit: null, page: null, hitsPerPage: null }]],
  ['queryPosition', [options({ queryPosition: 7 })]],
  ['remote', [options({ remote: 'x', queryPosition: 2 })]],
  ['options null', [options(null)]],
  ['options of nulls', [options({ remote: null, queryPosition: null })]],
  ['a negative weight', [options({ weight: -1 })]],
  ['a weight of text', [options({ weight: 'a' })]],
  ['no weight', [options({ weight: null })]],
  ['an unknown option', [options({ foo: 3 })]],
  ['options of a wrong kind', [options(3)]],
  ['a negative position', [options({ queryPosition: -1 })]],
  ['a remote of a wrong kind', [options({ remote: 3 })]],
  ['a negative limit', [paint], { limit: -1 }],
  ['no limit', [paint], { limit: null }],
  ['an offset of text', [paint], { offset: 'a' }],
  ['an unknown field', [paint], { foo: 1 }],
  ['pages of the whole', [paint], { page: 1 }],
  ['distinct of the whole', [paint], { distinct: 'shade' }],
  ['facets of a wrong kind', [paint], { facetsByIndex: 3 }],
  ['facets of no uid', [paint], { facetsByIndex: { 'a b': 3 } }],
  ['facets of an index of a wrong kind', [paint], { facetsByIndex: { paints: 3 } }],
  ['a facet of a wrong kind', [paint], { facetsByIndex: { paints: [3] } }],
  ['merging of a wrong kind', [paint], { mergeFacets: 3 }],
  ['merging with an unknown field', [paint], { mergeFacets: { foo: 1 } }],
  ['a negative maximum', [paint], { mergeFacets: { maxValuesPerFacet: -1 } }],
  ['federation of a wrong kind', [paint], []],
  ['queries of a wrong kind', {}],
  ['no queries', undefined],
  ['an unknown index', [{ indexUid: 'nope' }]],
  ['the first unknown index by uid', [paint, { indexUid: 'zz' }, { indexUid: 'nope' }]],
  ['an error before an unknown index', [{ ...paint, filter: 'zz = 1' }, { indexUid: 'zz' }]],
  ['an error after an unknown index', [{ ...paint, filter: 'zz = 1' }, { indexUid: 'nope' }]],
  ['a bad filter', [tone, { ...paint, filter: 'zz = 1' }]],
  ['a filter that is none', [tone, { ...paint, filter: 'a b c' }]],
  ['a bad sort', [tone, { ...paint, sort: ['title:asc'] }]],
  ['a sort that is none', [{ ...paint, sort: ['price'] }]],
  ['a bad distinct', [{ ...paint, distinct: 'title' }]],
  ['an unknown attribute to search on', [{ ...paint, attributesToSearchOn: ['zz'] }]],
  ['a vector without hybrid', [tone, { ...paint, vector: [1] }]],
  ['a vector and media', [hybrid(0.5, { media: { a: 1 } })]],
  ['an unknown embedder', [{ ...vector, hybrid: { embedder: 'zz' } }]],
  ['a vector of another size', [hybrid(0.5, { vector: [1] })]],
  ['nothing to embed with', [hybrid(1, { vector: null, q: 'a' })]],
  ['a threshold beyond one', [{ ...paint, rankingScoreThreshold: 2 }]],
  ['facets of an unknown index', [paint], { facetsByIndex: { nope: ['a'] } }],
  ['no facets of an unknown index', [paint], { facetsByIndex: { nope: null } }],
  ['a facet that is none', [paint], { facetsByIndex: { paints: ['shade', 'zz'] } }],
  ['a facet that is none, two queries', [tone, paint], { facetsByIndex: { paints: ['zz'] } }],
  ['a facet that is none of an unused index', [paint], { facetsByIndex: { counted: ['zz', 'y'] } }],
  ['a marker as facet', [paint], { facetsByIndex: { paints: ['_miroir_shard'] } }],
  [
    'facets in two orders',
    [tone, counted],
    { facetsByIndex: { paints: ['price', 'shade'], counted: ['price', 'shade'] }, mergeFacets: {} },
  ],
  [
    'facets in two orders, one unused',
    [tone],
    { facetsByIndex: { paints: ['shade'], counted: ['shade'] }, mergeFacets: {} },
  ],
  [
    'points in opposite directions',
    [
      { ...all, sort: ['_geoPoint(3,4):asc'] },
      { ...all, sort: ['_geoPoint(1,4):desc'] },
    ],
  ],
  [
    'a point and a field',
    [
      { ...all, sort: ['_geoPoint(3,4):asc'] },
      { ...all, sort: ['price:desc'] },
    ],
  ],
  ['a sort and relevancy', [{ ...all, sort: ['price:desc'] }, paint]],
  [
    'sorts in opposite directions',
    [
      { ...paint, sort: ['price:desc'] },
      { ...paint, sort: ['price:asc'] },
    ],
  ],
  [
    'doubled sorts',
    [
      { ...paint, matchingStrategy: 'all', sort: ['id:asc', 'id:desc'] },
      { ...paint, sort: ['_geoPoint(1,2):asc', '_geoPoint(2,3):desc'] },
    ],
  ],
  [
    'two indexes',
    [
      { ...custom, sort: ['price:asc'] },
      { ...all, sort: ['id:asc'] },
    ],
  ],
  [
    'custom rules',
    [
      { ...custom, sort: ['id:asc'] },
      { ...custom, sort: ['id:desc'] },
    ],
  ],
  [
    'custom rules against none',
    [
      { ...custom, matchingStrategy: 'all' },
      { ...custom, q: '', sort: ['id:desc'] },
    ],
  ],
  ['vectors and sorts', [hybrid(1, { sort: ['group:asc'] }), { ...paint, sort: ['price:desc'] }]],
  ['vectors and custom rules', [hybrid(1, { sort: ['group:asc'] }), { ...custom, sort: ['price:desc'] }]],
  [
    'a conflict before a bad filter',
    [
      { ...paint, sort: ['price:desc'] },
      { ...paint, sort: ['price:asc'], filter: 'zz = 1' },
    ],
  ],
  [
    'a conflict after a bad filter',
    [
      { ...paint, filter: 'zz = 1', sort: ['price:desc'] },
      { ...paint, sort: ['price:asc'] },
    ],
  ],
  [
    'a conflict and an unknown embedder',
    [
      { ...paint, sort: ['price:desc'] },
      { ...vector, hybrid: { embedder: 'zz' }, sort: ['group:asc'] },
    ],
  ],
];

const many = Array.from({ length: 300 }, (_, i) => ({ ...paint, q: `tone ${i % 17}`, filter: `id >= ${i % 50}` }));
/** Requests that find something. */
export const answers: Case[] = [
  ['no queries', []],
  ['no queries, nothing said', [], {}],
  ['one query', [paint]],
  ['whole documents', [{ indexUid: 'paints', q: 'paint' }], { limit: 9 }],
  ['two queries, one heavier', [paint, { ...tone, federationOptions: { weight: 2 } }], { limit: 30 }],
  ['two queries, one lighter', [paint, { ...tone, federationOptions: { weight: 0.5 } }], { limit: 30, offset: 4 }],
  ['a weight of nothing', [options({ weight: 0 }), tone], { limit: 130 }],
  ['a huge weight', [options({ weight: 1e21 }), { ...tone, federationOptions: { weight: 1e-9 } }]],
  ['the same query twice', [tone, tone], { limit: 40 }],
  ['an offset beyond the end', [tone], { offset: 500 }],
  ['no limit', [tone], { limit: 0 }],
  ['more than the maximum of an index', [counted, tone], { limit: 50, offset: 3 }],
  ['an empty index', [{ indexUid: 'empty' }, tone]],
  ['three indexes', [paint, counted, custom], { limit: 60 }],
  [
    'sorted',
    [
      { ...all, sort: ['price:desc', 'id:asc'] },
      { ...counted, sort: ['price:desc'] },
    ],
    { limit: 60 },
  ],
  [
    'sorted, with words',
    [
      { ...paint, sort: ['price:desc'] },
      { ...tone, sort: ['id:desc'] },
    ],
    { limit: 60 },
  ],
  [
    'sorted by points',
    [
      { ...all, sort: ['_geoPoint(3,4):asc'] },
      { ...all, sort: ['_geoPoint(10,4):asc'] },
    ],
    { limit: 60 },
  ],
  [
    'sorts of numbers and texts',
    [
      { ...all, sort: ['price:asc'] },
      { ...all, sort: ['shade:asc'] },
    ],
    { limit: 60 },
  ],
  ['words and none', [paint, all], { limit: 200 }],
  [
    'blank words',
    [
      { ...paint, q: ' ' },
      { ...paint, sort: ['price:asc'] },
    ],
    { limit: 200 },
  ],
  ['custom rules', [paint, custom, { ...custom, q: 'paint 1' }], { limit: 60 }],
  [
    'everything shown',
    [
      {
        ...tone,
        showRankingScore: true,
        showRankingScoreDetails: true,
        showMatchesPosition: true,
        attributesToHighlight: ['*'],
        retrieveVectors: true,
      },
      { ...counted, q: 'tone 3', sort: ['price:asc'], showRankingScoreDetails: true, attributesToCrop: ['shade:1'] },
    ],
    { limit: 40 },
  ],
  [
    'filters',
    [
      { ...paint, filter: 'price = 1' },
      { ...paint, filter: ['id < 40', ['price = 2', 'price = 3']] },
    ],
    { limit: 90 },
  ],
  [
    'one document by its key',
    [
      { ...all, filter: 'id = 5' },
      { ...all, filter: 'id IN [5, 6, 7]' },
    ],
  ],
  ['distinct', [{ ...paint, distinct: 'shade' }], { limit: 40 }],
  ['distinct, cut', [{ ...paint, distinct: 'shade' }]],
  ['distinct, nothing ranks', [{ ...all, distinct: 'shade' }]],
  [
    'distinct of two indexes',
    [
      { ...paint, distinct: 'shade' },
      { ...counted, q: 'tone', distinct: 'shade' },
    ],
    { limit: 40 },
  ],
  [
    'distinct of two queries',
    [
      { ...paint, distinct: 'shade' },
      { ...tone, distinct: 'colour' },
    ],
    { limit: 40 },
  ],
  [
    'thresholds',
    [
      { ...tone, rankingScoreThreshold: 0.9 },
      { ...counted, q: 'tone 3', rankingScoreThreshold: 0.5 },
    ],
    { limit: 200 },
  ],
  ['facets', [tone], { facetsByIndex: { paints: ['colour', 'price'] } }],
  [
    'facets of two queries',
    [tone, { ...paint, q: 'red' }],
    { facetsByIndex: { paints: ['price', 'shade'] }, limit: 2 },
  ],
  [
    'facets of two indexes',
    [tone, counted],
    { facetsByIndex: { paints: ['price'], counted: ['shade', 'price'] }, limit: 2 },
  ],
  ['all facets', [tone, counted], { facetsByIndex: { paints: ['*'], counted: ['*'] }, limit: 2 }],
  ['facets of an unused index', [tone], { facetsByIndex: { counted: ['shade'], paints: ['price'] } }],
  ['no facets', [tone, counted], { facetsByIndex: { paints: [], counted: null } }],
  [
    'merged facets',
    [tone, counted],
    { facetsByIndex: { paints: ['price'], counted: ['price', 'shade'] }, mergeFacets: {} },
  ],
  [
    'merged facets, cut',
    [tone, counted],
    { facetsByIndex: { paints: ['price', 'colour'], counted: ['price'] }, mergeFacets: { maxValuesPerFacet: 2 } },
  ],
  ['merged facets of nothing', [tone], { facetsByIndex: { paints: [] }, mergeFacets: { maxValuesPerFacet: null } }],
  ['facets with distinct', [{ ...tone, distinct: 'shade' }], { facetsByIndex: { paints: ['price', 'shade', 'id'] } }],
  ['vectors', [hybrid(1)], { limit: 50 }],
  ['vectors shown', [hybrid(1, { retrieveVectors: true }), { ...tone, retrieveVectors: true }], { limit: 8 }],
  ['vectors and words', [hybrid(0.5, { q: 'word1' }), { ...vector, vector: null, q: 'thing' }], { limit: 60 }],
  ['vectors mostly', [hybrid(0.8, { q: 'word1', federationOptions: { weight: 2 } }), tone], { limit: 60 }],
  ['words good enough', [hybrid(0.3, { q: 'word1' }), tone], { limit: 3 }],
  [
    'vectors with facets',
    [hybrid(1, { filter: 'group = 1' }), hybrid(0.5, { q: 'word2' })],
    // more than there are, so that no server looks for neighbours approximately
    { limit: 60, facetsByIndex: { vectors: ['group'] } },
  ],
  [
    'vectors, sorted',
    [hybrid(0.5, { q: 'word1', sort: ['group:asc'] }), { ...vector, vector: null, q: 'thing', sort: ['group:asc'] }],
    { limit: 60 },
  ],
  ['a text for vectors of the client', [hybrid(0.5, { q: 'word1', vector: null })]],
  ['ratio zero', [hybrid(0, { q: 'word1' })]],
  ['hundreds of queries', many, { limit: 50, facetsByIndex: { paints: ['shade'] } }],
];
