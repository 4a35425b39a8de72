import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { products, texts } from '../support/corpus.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { Report } from '../support/report.ts';
import { badSearches, facetSpelling, type SearchCase, searchCases } from '../support/requests.ts';
import { compareDocuments } from './suites/documents.ts';
import { floors } from './suites/floors.ts';
import { loadCorpus } from './suites/load.ts';
import { compareSearches, walkPages } from './suites/search.ts';
import { compareStats } from './suites/stats.ts';
import { compareVariants } from './suites/variants.ts';

const shop = products(20_000);
const prose = texts(6_000);
const variantShop = { ...products(2_500, 77), uid: 'variants' };
/** Requests of each class; more for a closer look at how often a class differs. */
const perClass = Number(process.env.MIROIR_PARITY_PER_CLASS ?? 8);
const corpora = [shop, prose, variantShop];

/** Clusters of three nodes, each with all the data; one oracle for both. */
const layouts = [
  { name: 'one copy', replicationFactor: 1 },
  { name: 'two copies', replicationFactor: 2 },
];

let oracle: Oracle | undefined;
const clusters: Cluster[] = [];

function started(): { oracle: Oracle; clusters: readonly Cluster[] } {
  if (oracle === undefined || clusters.length < layouts.length) throw new Error('the servers did not start');
  return { oracle, clusters };
}

beforeAll(async () => {
  oracle = await startOracle();
  for (const corpus of corpora) await loadCorpus(oracle, corpus);
  for (const layout of layouts) {
    const cluster = await startCluster({ nodes: 3, replicationFactor: layout.replicationFactor });
    clusters.push(cluster);
    for (const corpus of corpora) await loadCorpus(cluster, corpus);
  }
}, 600_000);

afterAll(async () => {
  await Promise.all([oracle, ...clusters].map((server) => server?.stop()));
});

function conclude(report: Report, known: Readonly<Record<string, number>> = {}): void {
  report.print(known);
  expect(report.below(known)).toEqual([]);
}

describe.each(layouts.map((layout, at) => ({ ...layout, at })))('three nodes, $name', ({ name, at }) => {
  const subject = () => started().clusters[at] ?? started().oracle;

  test('searches of the shop', async () => {
    const report = new Report(`shop, ${name}`);
    await compareSearches(started().oracle, subject(), shop, searchCases(shop, perClass, 1, 'all'), report);
    conclude(report, floors);
  }, 300_000);

  test('searches of the prose', async () => {
    const report = new Report(`prose, ${name}`);
    await compareSearches(
      started().oracle,
      subject(),
      prose,
      [...searchCases(prose, perClass + 2, 2, 'relevancy'), ...facetSpelling],
      report,
    );
    conclude(report, floors);
  }, 300_000);

  test('refused searches', async () => {
    const report = new Report(`refused searches, ${name}`);
    const cases = badSearches.map((body): SearchCase => ({ category: 'refused', body, via: 'POST' }));
    await compareSearches(started().oracle, subject(), shop, cases, report);
    conclude(report);
  });

  test('pages of a search hold every hit once', async () => {
    for (const body of [{ q: 'the' }, {}, { sort: ['rating:desc'] }, { q: 'of', filter: 'stock = 0' }]) {
      const [expected, got] = await Promise.all([
        walkPages(started().oracle, shop.uid, body, 130),
        walkPages(subject(), shop.uid, body, 130),
      ]);
      expect(new Set(got).size).toBe(got.length);
      expect(got.length).toBe(expected.length);
    }
  });

  test('documents', async () => {
    const report = new Report(`documents, ${name}`);
    await compareDocuments(started().oracle, subject(), shop, report);
    conclude(report);
  }, 300_000);

  test('stats', async () => {
    const report = new Report(`stats, ${name}`);
    await compareStats(
      started().oracle,
      subject(),
      corpora.map((corpus) => corpus.uid),
      report,
    );
    conclude(report);
  });
});

test('every change of settings', async () => {
  const reports = layouts.map((layout) => new Report(`settings, ${layout.name}`));
  await compareVariants(started().oracle, started().clusters, variantShop, reports);
  for (const report of reports) conclude(report, floors);
}, 400_000);
