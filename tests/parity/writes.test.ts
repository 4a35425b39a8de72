import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { write } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { Report } from '../support/report.ts';
import { compareErrors } from './suites/errors.ts';
import { compareKeys } from './suites/keys.ts';
import { compareBatches, compareWrites } from './suites/writes.ts';

let oracle: Oracle | undefined;
let cluster: Cluster | undefined;

function started(): [Oracle, Cluster] {
  if (oracle === undefined || cluster === undefined) throw new Error('the servers did not start');
  return [oracle, cluster];
}

beforeAll(async () => {
  [oracle, cluster] = await Promise.all([startOracle(), startCluster({ nodes: 2, replicationFactor: 2, shards: 8 })]);
});

afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

/** What `docs/fidelity.md` explains: one list of tasks after a rename. */
const floors = { views: 0.97 };

function conclude(report: Report): void {
  report.print(floors);
  expect(report.below(floors)).toEqual([]);
}

// The first test relies on both sides having no task yet: task uids are part of what is compared.
test('a long script of writes and what it leaves behind', async () => {
  const report = new Report('writes');
  await compareWrites(...started(), report);
  await compareBatches(...started(), report);
  conclude(report);
}, 400_000);

test('requests that are refused', async () => {
  for (const server of started()) {
    await write(server, { method: 'POST', path: '/indexes', body: '{"uid":"m","primaryKey":"id"}' });
  }
  const report = new Report('refused requests');
  await compareErrors(...started(), report);
  conclude(report);
}, 200_000);

test('keys and tenant tokens', async () => {
  const documents = JSON.stringify(Array.from({ length: 20 }, (_, i) => ({ id: i, v: i % 3, text: 'a b' })));
  for (const server of started()) {
    // Documents that replace others keep their place on one server; a new index lets both sides start alike.
    await write(server, { method: 'DELETE', path: '/indexes/m' });
    for (const uid of ['m', 'other']) {
      const settings = '{"filterableAttributes":["v","id"]}';
      await write(server, { method: 'PATCH', path: `/indexes/${uid}/settings`, body: settings });
      await write(server, { method: 'POST', path: `/indexes/${uid}/documents?primaryKey=id`, body: documents });
    }
  }
  const report = new Report('keys');
  await compareKeys(...started(), report);
  conclude(report);
}, 200_000);
