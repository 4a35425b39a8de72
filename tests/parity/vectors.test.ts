import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { products } from '../support/corpus.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { Report } from '../support/report.ts';
import { withVectors } from '../support/vectors.ts';
import { loadCorpus } from './suites/load.ts';
import { compareSearches } from './suites/search.ts';
import { vectorCases } from './suites/vectors.ts';

const single = withVectors(products(1_200, 5), { uid: 'single', seed: 51 });
const several = withVectors(products(500, 6), { uid: 'several', seed: 61, several: true });
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

function conclude(report: Report): void {
  report.print();
  expect(report.below()).toEqual([]);
}

describe.each(layouts.map((layout, at) => ({ ...layout, at })))('vectors, $name', ({ name, at }) => {
  const subject = () => started().clusters[at] ?? started().oracle;

  test.each([
    { what: 'one embedding a document', corpus: single, seed: 7 },
    { what: 'several embeddings a document', corpus: several, seed: 8 },
  ])(
    '$what',
    async ({ what, corpus, seed }) => {
      const report = new Report(`${what}, ${name}`);
      await compareSearches(started().oracle, subject(), corpus, vectorCases(corpus, perClass, seed), report);
      conclude(report);
    },
    300_000,
  );
});
