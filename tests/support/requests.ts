import type { Corpus } from './corpus.ts';
import { createRng, type Rng } from './rng.ts';

/** One search to send to both sides. */
export interface SearchCase {
  /** Class it is counted under. */
  category: string;
  body: Record<string, unknown>;
  /** GET carries the same parameters in the query string. */
  via: 'POST' | 'GET';
  /** The route that is asked; `search` when absent. */
  route?: 'similar';
  /** Top-level fields of the answer that one node only estimates: their presence is compared, not their value. */
  estimated?: readonly string[];
}

type Make = (random: Rng, words: Words) => Record<string, unknown>;

/** Query words taken from the documents themselves, so that searches find something. */
interface Words {
  /** A word by its frequency in the language. */
  common(): string;
  /** Any word, most of them rare. */
  any(): string;
  /** `count` neighbouring words of some document's title. */
  title(count: number): string[];
  /** `count` words from different places of one document. */
  scattered(count: number): string[];
}

function wordsOf(corpus: Corpus, random: Rng): Words {
  const pieces = corpus.documents.slice(0, 3_000).map((document) => {
    const parsed = JSON.parse(document) as { title: string; overview?: string; description?: string };
    return {
      title: parsed.title.match(/[\p{L}\d]+/gu) ?? ['the'],
      all: `${parsed.title} ${parsed.overview ?? parsed.description ?? ''}`.match(/[\p{L}\d]+/gu) ?? ['the'],
    };
  });
  return {
    common: () => corpus.vocabulary.draw(random),
    any: () => random.pick(corpus.vocabulary.words),
    title: (count) => {
      const { title } = random.pick(pieces);
      const start = random.int(Math.max(1, title.length - count + 1));
      return title.slice(start, start + count);
    },
    scattered: (count) => random.sample(random.pick(pieces).all, count),
  };
}

function misspell(random: Rng, word: string): string {
  const letters = [...word];
  const at = random.between(1, Math.max(1, letters.length - 1));
  const kind = random.int(4);
  if (kind === 0) letters.splice(at, 1);
  else if (kind === 1) letters.splice(at, 0, 'x');
  else if (kind === 2) letters[at] = 'q';
  else letters.splice(at - 1, 2, letters[at] ?? '', letters[at - 1] ?? '');
  return letters.join('');
}

const longWord = (words: Words, least: number): string => {
  for (let i = 0; i < 200; i++) {
    const word = words.any();
    if (word.length >= least) return word;
  }
  return words.any();
};

/** Classes about which words match and how well: the order comes from ranking rules. */
const relevancy: Readonly<Record<string, Make>> = {
  'one word': (_, w) => ({ q: w.common() }),
  'rare word': (_, w) => ({ q: `${w.any()} ` }),
  'two words': (_, w) => ({ q: w.scattered(2).join(' ') }),
  'several words': (r, w) => ({ q: w.scattered(r.between(3, 6)).join(' ') }),
  'title words': (r, w) => ({ q: w.title(r.between(2, 4)).join(' ') }),
  'common words': (_, w) => ({ q: `the ${w.common()} of ${w.common()}` }),
  'one typo': (r, w) => ({ q: misspell(r, longWord(w, 6)) }),
  'two typos': (r, w) => ({ q: misspell(r, misspell(r, longWord(w, 10))) }),
  'typo among words': (r, w) => ({ q: `${w.common()} ${misspell(r, longWord(w, 6))}` }),
  'short prefix': (r, w) => ({ q: w.common().slice(0, r.between(1, 3)) }),
  'long prefix': (_, w) => ({ q: longWord(w, 7).slice(0, 5) }),
  'words then prefix': (r, w) => ({ q: `${w.title(2).join(' ')} ${w.common().slice(0, r.between(1, 4))}` }),
  phrase: (r, w) => ({ q: `"${w.title(r.between(2, 3)).join(' ')}"` }),
  'phrase and word': (_, w) => ({ q: `"${w.title(2).join(' ')}" ${w.common()}` }),
  'negative word': (_, w) => ({ q: `${w.common()} -${w.common()}` }),
  'negative phrase': (_, w) => ({ q: `${w.common()} -"${w.title(2).join(' ')}"` }),
  'joined words': (_, w) => ({ q: w.title(2).join('') }),
  'split word': (_, w) => ({ q: longWord(w, 6).replace(/^(.{3})/u, '$1 ') }),
  'strategy all': (_, w) => ({ q: w.scattered(3).join(' '), matchingStrategy: 'all' }),
  'strategy frequency': (_, w) => ({ q: w.scattered(3).join(' '), matchingStrategy: 'frequency' }),
  'searched on': (_, w) => ({ q: w.scattered(2).join(' '), attributesToSearchOn: ['title'] }),
  locales: (r, w) => ({ q: w.scattered(2).join(' '), locales: [r.pick(['eng', 'fra', 'deu'])] }),
  threshold: (r, w) => ({ q: w.scattered(2).join(' '), rankingScoreThreshold: r.pick([0.2, 0.5, 0.9]), page: 1 }),
  'ranking score': (_, w) => ({ q: w.scattered(2).join(' '), showRankingScore: true }),
  'score details': (_, w) => ({ q: w.scattered(2).join(' '), showRankingScoreDetails: true, limit: 5 }),
  highlight: (_, w) => ({
    q: w.scattered(2).join(' '),
    attributesToHighlight: ['*'],
    highlightPreTag: '<b>',
    highlightPostTag: '</b>',
  }),
  crop: (_, w) => ({
    q: w.scattered(2).join(' '),
    attributesToCrop: ['title:3', '*'],
    cropLength: 5,
    cropMarker: '[…]',
  }),
  positions: (_, w) => ({ q: w.scattered(2).join(' '), showMatchesPosition: true, limit: 5 }),
  'offset and limit': (r, w) => ({ q: w.common(), offset: r.pick([0, 1, 7, 20, 100]), limit: r.pick([0, 1, 5, 33]) }),
  'page mode': (r, w) => ({ q: w.common(), page: r.pick([0, 1, 2, 5]), hitsPerPage: r.pick([0, 1, 7, 20]) }),
  'beyond the maximum': (r, w) => ({
    q: r.pick(['', 'the', w.common()]),
    offset: r.pick([985, 999, 1_000, 4_000]),
    limit: 30,
    attributesToRetrieve: ['id'],
  }),
};

const placeholderSorts: readonly string[][] = [
  ['price:asc'],
  ['price:desc'],
  ['rating:desc', 'price:asc'],
  ['brand:asc', 'stock:desc'],
  ['discount:asc'],
  ['discount:desc'],
  ['title:asc'],
  ['dimensions.width:desc', 'id:asc'],
  ['color:asc', 'rating:desc', 'created:asc'],
  ['categories:asc'],
  ['id:desc'],
];
const productFilters: readonly unknown[] = [
  'price > 100',
  'price >= 25.5 AND price < 400',
  'stock = 0',
  'stock != 0',
  'rating 2 TO 4',
  'brand = Acme',
  'brand IN [Acme, "Café Noir", "日本製作所"]',
  'NOT brand IN [Acme, Delta]',
  'color EXISTS',
  'color NOT EXISTS',
  'rating IS NULL',
  'discount IS NOT NULL',
  'notes IS EMPTY',
  'notes IS NOT EMPTY',
  'categories STARTS WITH "To"',
  'inStock = true',
  'seller.address.country = DE OR dimensions.width < 20',
  ['inStock = true', ['color = red', 'color = "dark blue"']],
  'serial = 9007199254740993',
  'serial > 9007199254740992',
  '(brand = Acme OR brand = Delta) AND NOT (stock < 10 OR price > 900)',
  'id IN [1, 2, 33, "p-16", p-33]',
  'id = 42 AND price > 0',
  'variants.size = XL',
  '_geoRadius(48.8566, 2.3522, 60000)',
  '_geoBoundingBox([53, 14], [52, 12.9])',
  'created >= 1650000000',
  'tags = the',
  'discount = "none" OR discount > 0.1',
  [],
  '',
  'dimensions.unit = cm AND dimensions.height <= 50.0',
];

/** Classes whose order comes from values, and classes about what is counted: only the shop has the fields. */
const shop: Readonly<Record<string, Make>> = {
  placeholder: (r) => ({ q: r.pick(['', null]), offset: r.pick([0, 40]) }),
  'placeholder sorted': (r) => ({ sort: r.pick(placeholderSorts), limit: 30 }),
  'query sorted': (r, w) => ({ q: w.common(), sort: r.pick(placeholderSorts), offset: r.pick([0, 0, 15]) }),
  filter: (r) => ({ filter: r.pick(productFilters), limit: 10 }),
  'query and filter': (r, w) => ({ q: w.common(), filter: r.pick(productFilters) }),
  'geo sort': (r, w) => ({
    q: r.chance(0.5) ? '' : w.common(),
    sort: [
      r.pick(['_geoPoint(48.8566, 2.3522):asc', '_geoPoint(35.6, 139.7):desc', '_geoPoint(0,0):asc']),
      'price:asc',
    ],
  }),
  'sort then geo': () => ({ sort: ['rating:desc', '_geoPoint(52.5, 13.4):asc'], filter: '_geoRadius(48, 8, 1500000)' }),
  facets: (r, w) => ({
    q: r.chance(0.4) ? '' : w.common(),
    facets: r.sample(
      [
        'brand',
        'categories',
        'rating',
        'inStock',
        'color',
        'seller.address.country',
        'discount',
        'dimensions',
        'variants',
      ],
      3,
    ),
    limit: 2,
  }),
  'all facets': (r, w) => ({ q: r.chance(0.3) ? '' : w.common(), facets: ['*'], limit: 1 }),
  'numeric facets': (r, w) => ({ q: r.chance(0.5) ? '' : w.common(), facets: ['price', 'stock', 'created'], limit: 0 }),
  'facets with filter': (r, w) => ({
    q: w.common(),
    facets: ['brand', 'categories', 'price'],
    filter: r.pick(productFilters),
    limit: 3,
  }),
  distinct: (r, w) => ({
    q: r.chance(0.3) ? '' : w.common(),
    distinct: r.pick(['brand', 'color', 'stock']),
    attributesToRetrieve: r.pick([['id'], ['*']]),
    limit: 8,
  }),
  'distinct with facets': (r, w) => ({
    q: r.chance(0.2) ? '' : r.pick([w.common(), w.scattered(2).join(' '), w.title(3).join(' ')]),
    distinct: r.pick(['brand', 'color', 'stock', 'seller.address.country']),
    facets: r.sample(['brand', 'categories', 'rating', 'color', 'discount', 'dimensions', 'stock'], 2),
    limit: r.pick([2, 8, 20]),
  }),
  'distinct sorted': (r, w) => ({
    q: r.chance(0.5) ? '' : w.common(),
    sort: r.pick(placeholderSorts),
    distinct: r.pick(['brand', 'color', 'stock']),
    filter: r.pick([null, 'price > 100', 'inStock = true']),
    offset: r.pick([0, 3]),
    limit: r.pick([1, 5, 30]),
    attributesToRetrieve: ['id'],
  }),
  'distinct page mode': (r, w) => ({
    q: w.common(),
    distinct: r.pick(['brand', 'color', 'stock']),
    page: 1,
    hitsPerPage: r.pick([5, 50]),
  }),
  'retrieved fields': (r, w) => ({
    q: w.common(),
    attributesToRetrieve: r.pick([
      ['title'],
      ['seller.address', 'id'],
      ['dimensions.width', 'variants.size'],
      [],
      ['*'],
      ['nope'],
      ['seller*'],
    ]),
  }),
  'highlight nested': (_, w) => ({
    q: `${w.common()} seller`,
    attributesToHighlight: ['seller', 'title', 'price'],
    attributesToRetrieve: ['id', 'title'],
  }),
};

/** Requests that a node refuses, each with its own message. */
export const badSearches: readonly Record<string, unknown>[] = [
  { q: 5 },
  { q: ['a'] },
  { limit: 'a' },
  { limit: -1 },
  { limit: 1.5 },
  { offset: 'x' },
  { page: 'a' },
  { hitsPerPage: -3 },
  { foo: 1 },
  { q: 'a', attributesToRetreive: ['a'] },
  { filter: 'nope = 1' },
  { filter: 'brand =' },
  { filter: 'brand == Acme' },
  { filter: 5 },
  { filter: [['a', ['b']]] },
  { filter: '(brand = Acme' },
  { filter: '_geoRadius(1, 2)' },
  { filter: '_geoRadius(100, 2, 5)' },
  { filter: '_geo = 1' },
  { filter: 'price > abc' },
  { filter: 'sku = 1' },
  { filter: { a: 1 } },
  { filter: '_miroir_shard = "!"' },
  { filter: 'brand CONTAINS ac' },
  { sort: ['nope:asc'] },
  { sort: ['price'] },
  { sort: ['price:up'] },
  { sort: 'price:asc' },
  { sort: ['_geoPoint(a,b):asc'] },
  { sort: ['_geo:asc'] },
  { sort: ['_geoRadius(1,2):asc'] },
  { sort: ['_miroir_version:asc'] },
  { facets: ['nope'] },
  { facets: ['brand', 'nope', 'zip'] },
  { facets: 'brand' },
  { facets: ['_miroir_shard'] },
  { distinct: 'sku' },
  { distinct: 5 },
  { distinct: '_miroir_version' },
  { attributesToSearchOn: ['nope'] },
  { attributesToSearchOn: 'title' },
  { attributesToCrop: 'title' },
  { cropLength: 'a' },
  { cropMarker: 5 },
  { highlightPreTag: 1 },
  { showMatchesPosition: 'yes' },
  { showRankingScore: 1 },
  { showRankingScoreDetails: 'no' },
  { matchingStrategy: 'none' },
  { matchingStrategy: 4 },
  { rankingScoreThreshold: 2 },
  { rankingScoreThreshold: 'high' },
  { rankingScoreThreshold: -0.1 },
  { locales: ['klingon'] },
  { locales: 'eng' },
  { vector: [0.1, 0.2] },
  { vector: 'a' },
  { hybrid: { embedder: 'default' }, q: 'a' },
  { hybrid: {} },
  { hybrid: { embedder: 'x', semanticRatio: 3 } },
  { hybrid: { embedder: 'x', foo: 1 } },
  { retrieveVectors: 'x' },
  { media: {} },
];

/** Values that are written in several ways: which spelling a facet shows depends on the documents of each node. */
export const facetSpelling: readonly SearchCase[] = ['', 'the', 'of a', 'in'].map((q) => ({
  category: 'facet spelling',
  body: { q, facets: ['mood'], limit: 0 },
  via: 'POST',
}));

/** Rotates through the classes: `perClass` requests of each, one in six of them by GET. */
export function searchCases(corpus: Corpus, perClass: number, seed: number, only: 'relevancy' | 'all'): SearchCase[] {
  const random = createRng(seed);
  const words = wordsOf(corpus, random);
  const cases: SearchCase[] = [];
  for (const [category, make] of Object.entries(only === 'all' ? { ...relevancy, ...shop } : relevancy)) {
    for (let i = 0; i < perClass; i++) {
      const body = make(random, words);
      const via = i % 6 === 5 && canBeQueryString(body) ? 'GET' : 'POST';
      cases.push({ category, body, via });
    }
  }
  return cases;
}

const canBeQueryString = (body: Record<string, unknown>) =>
  Object.values(body).every(
    (value) =>
      value !== null &&
      (!Array.isArray(value) || (value.length > 0 && value.every((item) => typeof item === 'string'))),
  );

/** The parameters as the query string of a GET search. Arrays are joined with commas, a filter array as JSON. */
export function queryString(body: Record<string, unknown>): string {
  const pairs = Object.entries(body).map(([key, value]) => {
    const text = Array.isArray(value) ? (key === 'filter' ? JSON.stringify(value) : value.join(',')) : String(value);
    return `${encodeURIComponent(key)}=${encodeURIComponent(text)}`;
  });
  return pairs.join('&');
}
