import { createRng, type Rng } from './rng.ts';
import { createVocabulary, sentence, type Vocabulary } from './vocabulary.ts';

/** A generated data set. Documents are JSON text, because how a number is written is part of what is tested. */
export interface Corpus {
  uid: string;
  primaryKey: string;
  documents: readonly string[];
  /** Settings to apply before the documents. */
  settings: Record<string, unknown>;
  vocabulary: Vocabulary;
}

const brands = [
  'Acme',
  'Bolt & Söhne',
  'Café Noir',
  'Delta',
  'Éclair',
  'Foxtrot',
  'Größe',
  'Halcyon',
  'Iglu',
  'Juno',
  'Kestrel',
  'Łódź Works',
  'Mistral',
  'Nimbus',
  '日本製作所',
  'Orbit',
  'Pico',
  'quasar',
  'Quasar Pro',
  'Řeka',
];
const categories = [
  'Books',
  'Garden',
  'Kitchen',
  'Music',
  'Office',
  'Outdoor',
  'Pets',
  'Sports',
  'Tools',
  'Toys',
  'Travel',
  'Wearables',
];
const colors = ['red', 'dark blue', 'blue', 'green', 'off-white', 'black', 'ochre'];
const moods = ['calm', 'Calm', 'CALM', 'tense', 'Tense', 'dark'];
const countries = ['DE', 'FR', 'JP', 'BR', 'US', 'IN'];
const cities: readonly (readonly [number, number])[] = [
  [48.8566, 2.3522],
  [52.52, 13.405],
  [35.6762, 139.6503],
  [-23.5505, -46.6333],
  [40.7128, -74.006],
  [-33.8688, 151.2093],
];

const text = (value: string) => JSON.stringify(value);
const list = (values: readonly string[]) => `[${values.map(text).join(',')}]`;

/** Written with two decimals half of the time, so `5.00`, `5.0`, `5` and `5.25` all occur. */
function price(rng: Rng): string {
  const cents = rng.between(100, 99_999);
  const style = rng.int(4);
  if (style === 0) return String(Math.round(cents / 100));
  if (style === 1) return `${Math.round(cents / 100)}.0`;
  return (cents / 100).toFixed(2);
}

function geo(rng: Rng): string {
  const [lat, lng] = rng.pick(cities);
  return `{"lat":${(lat + (rng.next() - 0.5) * 2).toFixed(5)},"lng":${(lng + (rng.next() - 0.5) * 2).toFixed(5)}}`;
}

function product(rng: Rng, vocabulary: Vocabulary, i: number): string {
  const id = i % 17 === 16 ? text(`p-${i}`) : String(i);
  const fields = [
    `"id":${id}`,
    `"sku":${text(`SKU-${(i * 7919) % 1_000_003}`)}`,
    `"title":${text(sentence(rng, vocabulary, rng.between(2, 6)).slice(0, -1))}`,
    `"description":${text(sentence(rng, vocabulary, rng.between(6, 24)) + (rng.chance(0.05) ? ' naïve — “quoted” \\ 😀 & more' : ''))}`,
    `"brand":${text(rng.pick(brands))}`,
    `"categories":${list(rng.sample(categories, rng.between(0, 3)))}`,
    `"price":${price(rng)}`,
    `"rating":${rng.chance(0.9) ? (rng.int(11) / 2).toFixed(1) : 'null'}`,
    `"stock":${rng.chance(0.2) ? 0 : rng.int(500)}`,
    `"tags":${list(Array.from({ length: rng.int(4) }, () => vocabulary.draw(rng)))}`,
    `"created":${1_600_000_000 + rng.int(100_000_000)}`,
    `"inStock":${rng.chance(0.7)}`,
    `"dimensions":{"width":${rng.between(1, 200)},"height":${(rng.next() * 100).toFixed(1)},"unit":"cm"}`,
    `"seller":{"name":${text(`Seller ${rng.int(40)}`)},"address":{"country":${text(rng.pick(countries))},"zip":${text(String(rng.between(10_000, 99_999)))}}}`,
  ];
  if (rng.chance(0.6)) fields.push(`"color":${text(rng.pick(colors))}`);
  if (rng.chance(0.5)) fields.push(`"discount":${rng.pick(['null', '0', '0.1', '0.15', '"none"', '0.5'])}`);
  if (rng.chance(0.4)) fields.push(`"_geo":${geo(rng)}`);
  if (rng.chance(0.2)) fields.push(`"serial":${9_007_199_254_740_991n + BigInt(rng.int(1_000))}`);
  if (rng.chance(0.2))
    fields.push(
      `"variants":[{"size":${text(rng.pick(['S', 'M', 'L']))},"left":${rng.int(9)}},{"size":"XL","left":1.0}]`,
    );
  if (rng.chance(0.1)) fields.push(`"notes":${rng.pick(['""', '[]', '{}', 'null', '"\\u00e9t\\u00e9"'])}`);
  return `{${fields.join(',')}}`;
}

const productFilterable = [
  'id',
  'brand',
  'categories',
  'price',
  'rating',
  'stock',
  'tags',
  'created',
  'inStock',
  'discount',
  'color',
  'dimensions',
  'seller.address.country',
  '_geo',
  'serial',
  'notes',
  'variants',
];
const productSortable = [
  'id',
  'price',
  'rating',
  'stock',
  'created',
  'title',
  'brand',
  'discount',
  'color',
  'dimensions.width',
  'categories',
  '_geo',
];

/** A search that runs out of its time budget is cut short and ordered by what was found until then, on one node as well. */
const patientCutoffMs = 60_000;

/** A shop: every JSON type, optional and null fields, nesting, integers beyond 2^53, geo points; all fields searched. */
export function products(count = 20_000, seed = 11): Corpus {
  const rng = createRng(seed);
  const vocabulary = createVocabulary(rng, 4_000);
  return {
    uid: 'products',
    primaryKey: 'id',
    documents: Array.from({ length: count }, (_, i) => product(rng, vocabulary, i)),
    settings: {
      filterableAttributes: productFilterable,
      sortableAttributes: productSortable,
      searchCutoffMs: patientCutoffMs,
    },
    vocabulary,
  };
}

/** Sentences over 24,000 words with Zipf frequencies, each word at least once; ranked fields, for the relevancy rules. */
export function texts(count = 6_000, seed = 23): Corpus {
  const rng = createRng(seed);
  const vocabulary = createVocabulary(rng, 24_000);
  const rare = Math.ceil(vocabulary.words.length / count);
  const documents = Array.from({ length: count }, (_, i) => {
    const own = vocabulary.words.slice(i * rare, (i + 1) * rare).join(' ');
    return `{"id":${i},"title":${text(sentence(rng, vocabulary, rng.between(2, 7)))},"overview":${text(
      `${sentence(rng, vocabulary, rng.between(8, 30))} ${own}`,
    )},"genres":${list(rng.sample(categories, rng.between(1, 3)))},"year":${rng.between(1950, 2025)},"mood":${text(rng.pick(moods))},"rank":${(rng.next() * 10).toFixed(2)}}`;
  });
  return {
    uid: 'texts',
    primaryKey: 'id',
    documents,
    settings: {
      searchableAttributes: ['title', 'overview', 'genres'],
      filterableAttributes: ['genres', 'year', 'mood'],
      sortableAttributes: ['year', 'rank'],
      searchCutoffMs: patientCutoffMs,
    },
    vocabulary,
  };
}

/** JSON arrays of at most `size` documents each. */
export function payloads(documents: readonly string[], size: number): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < documents.length; at += size) bodies.push(`[${documents.slice(at, at + size).join(',')}]`);
  return bodies;
}
