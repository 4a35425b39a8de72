import type { Corpus } from '../../support/corpus.ts';
import type { SearchCase } from '../../support/requests.ts';
import { createRng, type Rng } from '../../support/rng.ts';
import { createVectorSource, embedder } from '../../support/vectors.ts';

/** What the requests of a class are made of. */
interface Material {
  rng: Rng;
  vector(): number[];
  /** One to three words of a document. */
  words(): string;
  /** One to three words that are too short for a server to look for misspelt forms of them. */
  shortWords(): string;
  /** A word that is in more titles than a page has hits. */
  commonWord(): string;
  /** Id of a document as sent. */
  id(): string | number;
}

type Make = (material: Material) => Record<string, unknown>;

const ratios = [0.05, 0.2, 0.35, 0.5, 0.55, 0.56, 0.65, 0.8, 0.95];
const filters = ['price > 400', 'inStock = true AND rating > 2', ['color = red', ['brand = Acme', 'stock > 100']]];
const sorts = [['price:asc'], ['rating:desc', 'created:asc'], ['brand:asc']];
const distincts = ['brand', 'seller.address.country', 'color', 'rating'];

const semantic = ({ vector }: Material) => ({ vector: vector(), hybrid: { embedder, semanticRatio: 1 } });
const hybrid = ({ rng, vector, words }: Material, list: readonly number[] = ratios) => ({
  q: words(),
  vector: vector(),
  hybrid: { embedder, semanticRatio: rng.pick(list) },
});
/** A semantic and a hybrid search, alternating by chance. */
const either = (m: Material) => (m.rng.chance(0.4) ? semantic(m) : hybrid(m));

/** Words fill the page so well that no server looks for neighbours, which it would do approximately for so few hits. */
const goodEnough = (m: Material) => ({ ...hybrid(m, [0.01, 0.1, 0.3]), q: m.commonWord() });

const highlighted = (m: Material) => ({ ...either(m), attributesToHighlight: ['*'], showMatchesPosition: true });

const classes: Readonly<Record<string, Make>> = {
  semantic,
  'semantic beside words': (m) => ({ ...semantic(m), q: m.words() }),
  'hybrid, default ratio': (m) => ({ q: m.words(), vector: m.vector(), hybrid: { embedder } }),
  'hybrid, any ratio': (m) => hybrid(m),
  'hybrid, words good enough': (m) => ({ ...goodEnough(m), limit: m.rng.pick([1, 2, 3, 5]) }),
  'good enough, vector shown': (m) => ({ ...goodEnough(m), limit: 2, retrieveVectors: true }),
  'ratio 0': (m) => hybrid(m, [0]),
  'hybrid without words': (m) => ({ ...hybrid(m), q: m.rng.pick(['', ' ', null]) }),
  'hybrid without vector': (m) => ({ q: m.words(), hybrid: { embedder, semanticRatio: 0.5 } }),
  filter: (m) => ({ ...either(m), filter: m.rng.pick(filters) }),
  'filter by ids': (m) => ({ ...either(m), filter: `id IN [${[m.id(), m.id(), m.id(), m.id()].join(', ')}]` }),
  sort: (m) => ({ ...either(m), sort: m.rng.pick(sorts) }),
  distinct: (m) => ({ ...either(m), distinct: m.rng.pick(distincts) }),
  'distinct by page': (m) => ({ ...either(m), distinct: m.rng.pick(distincts), page: 1, hitsPerPage: 4_000 }),
  facets: (m) => ({ ...either(m), facets: m.rng.pick([['brand', 'color'], ['*'], ['rating']]) }),
  threshold: (m) => ({ ...either(m), rankingScoreThreshold: m.rng.pick([0.3, 0.5, 0.7, 0.9]) }),
  'offset and limit': (m) => ({ ...either(m), offset: m.rng.pick([1, 20, 300]), limit: 4_000 }),
  'page mode': (m) => ({ ...either(m), page: 1, hitsPerPage: 4_000 }),
  highlight: (m) => ({ ...highlighted(m), q: m.shortWords() }),
  'highlight, misspelt forms': highlighted,
  crop: (m) => ({ ...either(m), attributesToCrop: ['description'], cropLength: 4 }),
  'scores shown': (m) => ({ ...either(m), showRankingScore: true, showRankingScoreDetails: true }),
  'vectors shown': (m) => ({ ...either(m), retrieveVectors: true, attributesToRetrieve: ['id', '_vectors'] }),
  'some fields': (m) => ({ ...either(m), attributesToRetrieve: ['title'] }),
  'strategy all': (m) => ({ ...either(m), matchingStrategy: 'all' }),
  similar: (m) => ({ id: m.id(), embedder }),
  'similar, filter': (m) => ({ id: m.id(), embedder, filter: m.rng.pick(filters) }),
  'similar, filter by ids': (m) => ({ id: m.id(), embedder, filter: `id IN [${[m.id(), m.id()].join(', ')}]` }),
  'similar, threshold': (m) => ({ id: m.id(), embedder, rankingScoreThreshold: m.rng.pick([0.5, 0.7, 0.9]) }),
  'similar, offset': (m) => ({ id: m.id(), embedder, offset: m.rng.pick([1, 10, 200]) }),
  'similar, scores shown': (m) => ({
    ...{ id: m.id(), embedder, showRankingScore: true },
    showRankingScoreDetails: true,
  }),
  'similar, vectors shown': (m) => ({ id: m.id(), embedder, retrieveVectors: true }),
  'similar, some fields': (m) => ({ id: m.id(), embedder, attributesToRetrieve: ['title', 'price'] }),
};

function commonWords(titles: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const title of titles) {
    for (const word of new Set(title.split(' '))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= 10).map(([word]) => word);
}

function materialOf(corpus: Corpus, seed: number): Material {
  const rng = createRng(seed);
  const parsed = corpus.documents.map((document) => JSON.parse(document) as { id: string | number; title: string });
  const words = new Set(parsed.flatMap(({ title }) => title.split(' ')));
  const short = [...words].filter((word) => /^\p{L}{2,4}$/u.test(word));
  const common = commonWords(parsed.map(({ title }) => title));
  return {
    rng,
    vector: createVectorSource(seed + 1),
    // The space ends the last word: how a node scores short prefixes depends on how many words it holds.
    words: () => `${rng.sample(rng.pick(parsed).title.split(' '), rng.between(1, 3)).join(' ')} `,
    shortWords: () => `${rng.sample(short, rng.between(1, 3)).join(' ')} `,
    commonWord: () => `${rng.pick(common)} `,
    id: () => rng.pick(parsed).id,
  };
}

/** A limit at which nodes look at every document of these corpora instead of the approximately nearest. */
export const exhaustive = 4_000;

const isPaged = (body: Record<string, unknown>) => body.page !== undefined;

/**
 * `perClass` requests of every class but those left out, each asking for everything unless the class says otherwise.
 */
export function vectorCases(
  corpus: Corpus,
  { perClass, seed, without = [] }: { perClass: number; seed: number; without?: readonly string[] },
): SearchCase[] {
  const material = materialOf(corpus, seed);
  const asked = Object.entries(classes).filter(([category]) => !without.includes(category));
  return asked.flatMap(([category, make]) =>
    Array.from({ length: perClass }, (): SearchCase => {
      const made = make(material);
      const body = isPaged(made) ? made : { limit: exhaustive, ...made };
      return { category, body, via: 'POST', ...(category.startsWith('similar') ? { route: 'similar' as const } : {}) };
    }),
  );
}

/** Searches and similar documents as clients ask for them, 20 at a time: nodes look for neighbours approximately. */
export function nearestCases(corpus: Corpus, count: number, seed: number): SearchCase[] {
  const material = materialOf(corpus, seed);
  const make = (category: string, body: Record<string, unknown>): SearchCase => ({
    category,
    body: { limit: 20, attributesToRetrieve: ['id'], ...body },
    via: 'POST',
    ...(category === 'similar' ? { route: 'similar' } : {}),
  });
  return Array.from({ length: count }, () => [
    make('semantic', semantic(material)),
    make('hybrid', hybrid(material, [0.5])),
    make('similar', { id: material.id(), embedder }),
  ]).flat();
}
