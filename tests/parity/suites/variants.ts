import { diffAnswers } from '../../support/compare.ts';
import type { Corpus } from '../../support/corpus.ts';
import { type Server, send, write } from '../../support/http.ts';
import type { Report } from '../../support/report.ts';
import { type SearchCase, searchCases } from '../../support/requests.ts';
import { compareSearches } from './search.ts';

/** A change of settings, and searches that show it beside the general ones. */
interface Variant {
  name: string;
  settings: Record<string, unknown>;
  searches: readonly Record<string, unknown>[];
  /** Fields of the answer that one node only estimates under these settings. */
  estimated?: readonly string[];
}

const variants: readonly Variant[] = [
  {
    name: 'custom ranking rules',
    settings: {
      rankingRules: ['rating:desc', 'words', 'typo', 'price:asc', 'proximity', 'attribute', 'sort', 'exactness'],
    },
    searches: [
      { q: 'the' },
      { q: 'the of', sort: ['stock:desc'] },
      {},
      { q: 'the', showRankingScore: true, showRankingScoreDetails: true },
    ],
  },
  {
    name: 'sort rule first',
    settings: { rankingRules: ['sort', 'words', 'typo', 'proximity', 'attribute', 'exactness', 'created:desc'] },
    searches: [
      { q: 'the', sort: ['brand:desc'] },
      { q: 'of a', sort: ['discount:asc', 'price:desc'] },
      { sort: ['_geoPoint(52,13):asc'] },
    ],
  },
  {
    name: 'displayed attributes',
    settings: { displayedAttributes: ['title', 'brand', 'seller.name'], sortableAttributes: ['price', 'rating'] },
    searches: [
      { q: 'the', sort: ['price:asc'], showRankingScoreDetails: true },
      { q: 'the', attributesToRetrieve: ['id', 'title', 'price'] },
      { q: 'the', attributesToHighlight: ['*'], attributesToCrop: ['description'], showMatchesPosition: true },
      { q: '', facets: ['*'] },
      { q: 'the', distinct: 'brand' },
    ],
  },
  {
    name: 'distinct attribute',
    estimated: ['estimatedTotalHits', 'facetDistribution', 'facetStats'],
    settings: { displayedAttributes: null, distinctAttribute: 'seller.address.country' },
    searches: [
      { q: 'the' },
      {},
      { page: 2, hitsPerPage: 2 },
      { q: 'of', facets: ['brand', 'color'] },
      { q: 'the', distinct: 'brand', page: 1 },
    ],
  },
  {
    name: 'facet order and size',
    settings: {
      distinctAttribute: null,
      faceting: { maxValuesPerFacet: 4, sortFacetValuesBy: { '*': 'count', brand: 'alpha' } },
    },
    searches: [
      { facets: ['brand', 'categories', 'rating', 'seller.address.country'] },
      { q: 'the', facets: ['brand', 'color', 'price', 'tags'] },
      { facets: ['stock', 'categories'], filter: 'price > 500' },
    ],
  },
  {
    name: 'typo and prefix off',
    settings: { faceting: null, typoTolerance: { enabled: false }, prefixSearch: 'disabled' },
    searches: [{ q: 'th' }, { q: 'teh' }, { q: 'seller' }],
  },
  {
    name: 'stop words and synonyms',
    settings: {
      typoTolerance: null,
      prefixSearch: null,
      stopWords: ['the', 'of'],
      synonyms: { acme: ['delta', 'café noir'], red: ['ochre'] },
    },
    searches: [{ q: 'the' }, { q: 'acme' }, { q: 'the red of' }, { q: 'acme red', showRankingScoreDetails: true }],
  },
  {
    name: 'searchable attributes',
    settings: {
      stopWords: null,
      synonyms: null,
      searchableAttributes: ['title', 'seller', 'brand'],
      typoTolerance: { disableOnAttributes: ['brand'], minWordSizeForTypos: { oneTypo: 3, twoTypos: 6 } },
    },
    searches: [
      { q: 'acme' },
      { q: 'seler 7' },
      { q: 'the', attributesToSearchOn: ['seller.name'] },
      { q: 'the', attributesToSearchOn: ['description'] },
    ],
  },
  {
    name: 'pagination limit',
    settings: { searchableAttributes: null, typoTolerance: null, pagination: { maxTotalHits: 30 } },
    searches: [
      { limit: 100 },
      { offset: 25, limit: 10 },
      { offset: 30 },
      { offset: 40, limit: 3 },
      { page: 2, hitsPerPage: 20 },
      { page: 4, hitsPerPage: 10 },
      { q: 'the', sort: ['price:asc'], limit: 50 },
    ],
  },
  {
    name: 'granular filters',
    settings: {
      pagination: null,
      filterableAttributes: [
        'brand',
        {
          attributePatterns: ['pri*', '*ock'],
          features: { facetSearch: false, filter: { equality: true, comparison: false } },
        },
        { attributePatterns: ['*'], features: { filter: { equality: true, comparison: true } } },
      ],
    },
    searches: [
      { filter: 'price = 5' },
      { filter: 'price > 5' },
      { filter: 'stock > 5' },
      { filter: 'rating > 3', facets: ['*'] },
      { facets: ['price', 'brand'] },
      { filter: '_miroir_shard = 1' },
      { facets: ['_miroir_version'] },
    ],
  },
  {
    name: 'nothing filterable',
    settings: { filterableAttributes: [], sortableAttributes: [] },
    searches: [
      { filter: 'brand = Acme' },
      { sort: ['price:asc'] },
      { facets: ['*'] },
      { facets: ['brand'] },
      { q: 'the' },
    ],
  },
];

/** Change the settings step by step on both sides; after each step settings, searches and stats must agree. */
export async function compareVariants(
  oracle: Server,
  subjects: readonly Server[],
  corpus: Corpus,
  reports: readonly Report[],
): Promise<void> {
  for (const [i, variant] of variants.entries()) {
    const change = {
      method: 'PATCH' as const,
      path: `/indexes/${corpus.uid}/settings`,
      body: JSON.stringify(variant.settings),
    };
    await Promise.all([oracle, ...subjects].map((server) => write(server, change)));
    const estimated = variant.estimated ?? [];
    const own = variant.searches.map((body): SearchCase => ({ category: variant.name, body, via: 'POST', estimated }));
    const general = searchCases(corpus, 1, 100 + i, 'all')
      .filter((search) => search.category !== 'strategy frequency')
      .map((search) => ({
        ...search,
        category: `${variant.name}: general`,
        estimated,
      }));
    for (const [at, subject] of subjects.entries()) {
      const report = reports[at];
      if (report === undefined) throw new Error('a report for each subject is needed');
      const read = { method: 'GET' as const, path: `/indexes/${corpus.uid}/settings` };
      const [expected, got] = await Promise.all([send(oracle, read), send(subject, read)]);
      report.add('settings read back', variant.name, diffAnswers(expected, got));
      await compareSearches(oracle, subject, corpus, [...own, ...general], report);
    }
  }
}
