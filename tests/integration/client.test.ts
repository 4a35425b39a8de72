import { MeilisearchApiError } from 'meilisearch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { diff, momentary } from '../support/compare.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { parseRaw } from '../support/raw-json.ts';
import { type ClientContext, type ClientStep, clientContext, clientSteps } from './client-steps.ts';

let oracle: Oracle | undefined;
let cluster: Cluster | undefined;

beforeAll(async () => {
  [oracle, cluster] = await Promise.all([startOracle(), startCluster({ nodes: 2, replicationFactor: 2, shards: 8 })]);
});

afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

/** Writes that are not waited for may share a batch on one server; Miroir gives each task its own. */
const loose = new Set([...momentary, 'batchUid']);

/** What a call led to, as JSON; an error of the API is an outcome as well, any other is thrown. */
async function outcome(call: ClientStep[1], context: ClientContext): Promise<string> {
  try {
    return JSON.stringify({ value: (await call(context)) ?? null });
  } catch (error) {
    if (!(error instanceof MeilisearchApiError)) throw error;
    return JSON.stringify({ status: error.response.status, cause: error.cause ?? null });
  }
}

test('every method of the official client leads to the same outcome as on one server', async () => {
  if (oracle === undefined || cluster === undefined) throw new Error('the servers did not start');
  const sides = [oracle, cluster].map((server) => clientContext(server.address, server.masterKey));
  const failures: string[] = [];
  for (const [method, call] of clientSteps) {
    const [expected, got] = await Promise.all(
      sides.map((side) => outcome(call, side).catch((error) => JSON.stringify({ broke: String(error) }))),
    );
    const differences = diff(parseRaw(expected ?? 'null'), parseRaw(got ?? 'null'), { loose });
    if (differences.length > 0) failures.push(`${method}: ${JSON.stringify(differences.slice(0, 3))}`);
  }
  expect(failures).toEqual([]);
}, 600_000);
