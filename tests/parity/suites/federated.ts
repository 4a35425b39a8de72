import { type Difference, diff, diffAnswers, parseAnswer } from '../../support/compare.ts';
import type { Corpus } from '../../support/corpus.ts';
import { type RawAnswer, type Server, send } from '../../support/http.ts';
import { field, parseRaw, printRaw, type Raw } from '../../support/raw-json.ts';
import type { Report } from '../../support/report.ts';
import { searchCases } from '../../support/requests.ts';
import { createRng, type Rng } from '../../support/rng.ts';
import { alignTies, type RankedHit, rankOnly } from '../../support/ties.ts';

type Body = Record<string, unknown>;

/** One federated search to send to both sides. */
export interface FederatedCase {
  category: string;
  body: { federation: Body; queries: Body[] };
}

/** Searches by words alone, as queries of a federated search, in the classes that nodes answer exactly. */
function wordQueries(corpus: Corpus, count: number, seed: number): Body[] {
  const classes = ['one word', 'two words', 'title words', 'phrase', 'one typo', 'negative word', 'strategy all'];
  return searchCases(corpus, count, seed, 'relevancy')
    .filter(({ category }) => classes.includes(category))
    .map(({ body }) => ({ indexUid: corpus.uid, attributesToRetrieve: ['id', 'title'], ...body }));
}

const weights = [0, 0.1, 0.5, 0.9, 1, 1.1, 2, 7.5];
const weighted = (random: Rng, query: Body): Body => ({
  ...query,
  federationOptions: { weight: random.pick(weights) },
});
const sorts = [['price:asc'], ['rating:asc', 'price:asc'], ['stock:asc'], ['brand:asc', 'id:asc'], ['color:asc']];
const filters = ['price > 100', 'stock = 0', 'brand IN [Acme, Delta]', 'inStock = true', 'id IN [1, 2, 33, "p-16"]'];
const facets = [
  'brand',
  'categories',
  'rating',
  'inStock',
  'color',
  'seller.address.country',
  'discount',
  'dimensions',
];

type Make = (random: Rng, queries: (count: number) => Body[]) => FederatedCase['body'];

/** Classes of requests over two indexes of the same kind; `queries` draws searches of either. */
function classes(uids: readonly string[]): Readonly<Record<string, Make>> {
  const facetsByIndex = (random: Rng) => Object.fromEntries(uids.map((uid) => [uid, random.sample(facets, 3)]));
  return {
    'one query': (_, queries) => ({ federation: {}, queries: queries(1) }),
    weights: (r, queries) => ({
      federation: { limit: r.between(1, 40) },
      queries: queries(r.between(2, 5)).map((query) => weighted(r, query)),
    }),
    'one index, many queries': (r, queries) => {
      const all = queries(r.between(3, 8)).map((query) => weighted(r, { ...query, indexUid: uids[0] }));
      return { federation: { limit: 50 }, queries: all };
    },
    pages: (r, queries) => ({
      federation: { offset: r.pick([1, 7, 60]), limit: r.pick([0, 5, 33]) },
      queries: queries(3).map((query) => weighted(r, query)),
    }),
    sorts: (r, queries) => ({
      federation: { limit: 40 },
      queries: queries(3).map((query) => ({ ...query, sort: r.pick(sorts) })),
    }),
    'sorts alone': (r, queries) => ({
      federation: { limit: 40 },
      queries: queries(3).map((query) => weighted(r, { ...query, q: '', sort: r.pick(sorts) })),
    }),
    filters: (r, queries) => ({
      federation: { limit: 30 },
      queries: queries(3).map((query) => weighted(r, { ...query, filter: r.pick(filters) })),
    }),
    facets: (r, queries) => ({
      federation: { limit: 3, facetsByIndex: facetsByIndex(r) },
      queries: queries(r.between(1, 4)),
    }),
    'merged facets': (r, queries) => ({
      federation: {
        limit: 3,
        facetsByIndex: facetsByIndex(r),
        mergeFacets: r.pick([{}, { maxValuesPerFacet: 5 }]),
      },
      queries: queries(r.between(1, 4)),
    }),
    'distinct, one query an index': (r, queries) => ({
      federation: { limit: r.between(1, 30), facetsByIndex: facetsByIndex(r) },
      queries: uids.map((uid) => ({ ...queries(1)[0], indexUid: uid, distinct: r.pick(['brand', 'color', 'stock']) })),
    }),
    shown: (r, queries) => ({
      federation: { limit: 15 },
      queries: queries(3).map((query) =>
        weighted(r, {
          ...query,
          attributesToHighlight: ['*'],
          showMatchesPosition: true,
          attributesToCrop: ['title:3'],
        }),
      ),
    }),
    conflicts: (r, queries) => ({
      federation: {},
      queries: queries(3).map((query) => ({
        ...query,
        ...r.pick([{}, { q: '' }]),
        sort: r.pick([['price:asc'], ['price:desc'], ['_geoPoint(1,2):asc'], ['brand:asc', 'price:desc']]),
      })),
    }),
  };
}

/** `perClass` requests of each class, the same for the same seed. */
export function federatedCases(corpora: readonly Corpus[], perClass: number, seed: number): FederatedCase[] {
  const random = createRng(seed);
  const pool = corpora.flatMap((corpus, i) => wordQueries(corpus, 40, seed + i));
  const draw = (count: number) => Array.from({ length: count }, () => random.pick(pool));
  return Object.entries(classes(corpora.map(({ uid }) => uid))).flatMap(([category, make]) =>
    Array.from({ length: perClass }, () => ({ category: `federated: ${category}`, body: make(random, draw) })),
  );
}

const ask = (server: Server, body: unknown): Promise<RawAnswer> =>
  send(server, { method: 'POST', path: '/multi-search', body: JSON.stringify(body) });

/** Key order is part of the answer everywhere but inside documents and the lists of facets. */
const ordered = (path: string) => !path.includes('.hits[');
const loose = new Set(['processingTimeMs']);

/** Hits with what ranks them: equal details of the same query are a tie. */
function ranked(text: string): RankedHit[] {
  const hits = field(parseRaw(text), 'hits');
  if (!Array.isArray(hits)) return [];
  return hits.map((hit) => {
    const place = field(hit, '_federation') ?? null;
    const from = [field(place, 'indexUid') ?? null, field(place, 'queriesPosition') ?? null];
    const details = `${printRaw(from)} ${rankOnly(field(hit, '_rankingScoreDetails') ?? null)}`;
    return { id: `${printRaw(from[0] ?? null)} ${printRaw(field(hit, 'id') ?? null)}`, details };
  });
}

function reordered(
  answers: readonly [RawAnswer, RawAnswer],
  orders: readonly [readonly RankedHit[], readonly RankedHit[]],
  { federation }: FederatedCase['body'],
): Difference[] | null {
  const limit = Number(federation.limit ?? 20);
  const page = { startsAtZero: Number(federation.offset ?? 0) === 0, isFull: orders[0].length >= limit };
  const positions = alignTies(orders[0], orders[1], page);
  const [left, right] = answers.map((answer) => parseAnswer(answer.text));
  if (positions === null || !(left instanceof Map) || !(right instanceof Map)) return null;
  const [wanted, given] = [left.get('hits'), right.get('hits')];
  if (!Array.isArray(wanted) || !Array.isArray(given) || wanted.length !== positions.length) return null;
  const kept: [Raw[], Raw[]] = [[], []];
  for (const [i, at] of positions.entries()) {
    if (at === null) continue;
    kept[0].push(wanted[i] ?? null);
    kept[1].push(given[at] ?? null);
  }
  return diff(new Map(left).set('hits', kept[0]), new Map(right).set('hits', kept[1]), { loose, ordered });
}

/** Send all cases to both sides, two at a time, and record which answers are equal. */
export async function compareFederated(
  oracle: Server,
  subject: Server,
  cases: readonly FederatedCase[],
  report: Report,
): Promise<void> {
  const queue = [...cases];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { category, body } = next;
      const answers = await Promise.all([ask(oracle, body), ask(subject, body)]);
      const strict = diffAnswers(answers[0], answers[1], { loose, ordered });
      const detailed = {
        ...body,
        queries: body.queries.map((query) => ({ ...query, showRankingScoreDetails: true })),
      };
      const rest =
        strict.length === 0 || answers[0].status !== 200 || answers[1].status !== 200
          ? null
          : reordered(
              answers,
              (await Promise.all([ask(oracle, detailed), ask(subject, detailed)])).map((answer) =>
                ranked(answer.text),
              ) as unknown as [RankedHit[], RankedHit[]],
              body,
            );
      report.add(category, JSON.stringify(body), rest ?? strict, rest?.length === 0);
    }
  };
  await Promise.all([worker(), worker()]);
}
