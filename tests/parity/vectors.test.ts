import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { products } from '../support/corpus.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { Report } from '../support/report.ts';
import { withVectors } from '../support/vectors.ts';
import { floors } from './suites/floors.ts';
import { loadCorpus } from './suites/load.ts';
import { ask, compareSearches } from './suites/search.ts';
import { exhaustive, nearestCases, vectorCases } from './suites/vectors.ts';

const single = withVectors(products(1_000, 5), { uid: 'single', seed: 51 });
const several = withVectors(products(300, 6), { uid: 'several', seed: 61, several: true });
const corpora = [single, several];
/** Requests of each class; more for a closer look at how often a class differs. */
const perClass = Number(process.env.MIROIR_PARITY_PER_CLASS ?? 8);

const layouts = [
  { name: 'three nodes, one copy', nodes: 3, groups: 1, replicationFactor: 1 },
  { name: 'two groups of two nodes, two copies in each', nodes: 2, groups: 2, replicationFactor: 2 },
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
  for (const { nodes, groups, replicationFactor } of layouts) {
    const cluster = await startCluster({ nodes, groups, replicationFactor });
    clusters.push(cluster);
    for (const corpus of corpora) await loadCorpus(cluster, corpus);
  }
}, 300_000);

afterAll(async () => {
  await Promise.all([oracle, ...clusters].map((server) => server?.stop()));
});

const scored = 'similar, scores shown';
const hitsOf = (text: string) => (JSON.parse(text) as { hits: { id: unknown; _rankingScore: number }[] }).hits;
const scores = (text: string) => hitsOf(text).map((hit) => hit._rankingScore);
const ids = (text: string) => hitsOf(text).map((hit) => String(hit.id));

/** Share of the first list that the second has. */
function common(first: readonly string[], second: readonly string[]): number {
  return first.length === 0 ? 1 : first.filter((id) => second.includes(id)).length / first.length;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share = 0) => `${(100 * share).toFixed(1)} %`;

function conclude(report: Report): void {
  report.print(floors);
  expect(report.below(floors)).toEqual([]);
}

describe.each(layouts.map((layout, at) => ({ ...layout, at })))('vectors, $name', ({ name, at }) => {
  const subject = () => started().clusters[at] ?? started().oracle;

  test.each([
    { what: 'one embedding a document', corpus: single, seed: 7, without: [] },
    { what: 'several embeddings a document', corpus: several, seed: 8, without: [scored] },
  ])(
    '$what',
    async ({ what, corpus, seed, without }) => {
      const report = new Report(`${what}, ${name}`);
      const cases = vectorCases(corpus, { perClass, seed, without });
      await compareSearches(started().oracle, subject(), corpus, cases, report);
      conclude(report);
    },
    600_000,
  );

  test('scores of similar documents with several embeddings agree to the sixth digit', async () => {
    const cases = vectorCases(several, { perClass, seed: 9 }).filter(({ category }) => category === scored);
    for (const search of cases) {
      const [expected, got] = await Promise.all([
        ask(started().oracle, several.uid, search),
        ask(subject(), several.uid, search),
      ]);
      const [wanted, given] = [scores(expected.text), scores(got.text)];
      expect(given.length).toBe(wanted.length);
      for (const [i, score] of wanted.entries()) expect(Math.abs((given[i] ?? 0) - score)).toBeLessThan(1e-6);
    }
  }, 300_000);

  test('twenty at a time: share of the same hits', async () => {
    const shares = new Map<string, [number, number, number][]>();
    for (const search of nearestCases(single, perClass * 3, 10)) {
      const all = { ...search, body: { ...search.body, limit: exhaustive } };
      const [theirs, ours, exact] = await Promise.all([
        ask(started().oracle, single.uid, search),
        ask(subject(), single.uid, search),
        ask(started().oracle, single.uid, all),
      ]);
      const [one, miroir, truth] = [ids(theirs.text), ids(ours.text), ids(exact.text).slice(0, 20)];
      const row: [number, number, number] = [common(one, miroir), common(truth, one), common(truth, miroir)];
      shares.set(search.category, [...(shares.get(search.category) ?? []), row]);
    }
    for (const [category, rows] of shares) {
      const [same, oneTrue, miroirTrue] = [0, 1, 2].map((column) => mean(rows.map((row) => row[column] ?? 0)));
      console.info(
        `${category}, ${name}: same hits ${percent(same)}, of the true ones one server has ${percent(oneTrue)}, Miroir ${percent(miroirTrue)}`,
      );
      expect(miroirTrue).toBeGreaterThanOrEqual((oneTrue ?? 0) - 0.02);
    }
  }, 300_000);
});
