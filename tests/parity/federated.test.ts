import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { products } from '../support/corpus.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { Report } from '../support/report.ts';
import { compareFederated, federatedCases } from './suites/federated.ts';
import { floors } from './suites/floors.ts';
import { loadCorpus } from './suites/load.ts';

const corpora = [products(1_500, 21), { ...products(800, 22), uid: 'outlet' }];
const perClass = Number(process.env.MIROIR_PARITY_PER_CLASS ?? 12);

let oracle: Oracle | undefined;
let cluster: Cluster | undefined;

beforeAll(async () => {
  [oracle, cluster] = await Promise.all([startOracle(), startCluster({ nodes: 3, replicationFactor: 2 })]);
  for (const corpus of corpora) await Promise.all([loadCorpus(oracle, corpus), loadCorpus(cluster, corpus)]);
}, 300_000);

afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

test('federated searches', async () => {
  if (oracle === undefined || cluster === undefined) throw new Error('the servers did not start');
  const report = new Report('federated, three nodes, two copies');
  await compareFederated(oracle, cluster, federatedCases(corpora, perClass, 3), report);
  report.print(floors);
  expect(report.below(floors)).toEqual([]);
}, 300_000);
