import { Index, Meilisearch, MeilisearchApiError } from 'meilisearch';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { diff, momentary } from '../support/compare.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { parseRaw } from '../support/raw-json.ts';
import { type ClientContext, type ClientStep, clientContext, clientSteps } from './client-steps.ts';
import { instanceSteps, refusedSteps } from './client-steps-instance.ts';

let oracle: Oracle | undefined;
let cluster: Cluster | undefined;
/** The same with several processes on its port. */
let withWorkers: Cluster | undefined;

/** Spies on every method of the client, by class and name. */
const spies = new Map<string, ReturnType<typeof vi.spyOn>>();

function watch(className: string, prototype: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    spies.set(`${className}.${name}`, vi.spyOn(prototype as Record<string, never>, name as never));
  }
}

beforeAll(async () => {
  const { tasks, batches } = new Meilisearch({ host: 'http://127.0.0.1:9' });
  watch('Meilisearch', Meilisearch.prototype);
  watch('Index', Index.prototype);
  watch('TaskClient', Object.getPrototypeOf(tasks));
  watch('BatchClient', Object.getPrototypeOf(batches));
  const nodes = { nodes: 2, replicationFactor: 2, shards: 8 };
  [oracle, cluster, withWorkers] = await Promise.all([
    startOracle(),
    startCluster(nodes),
    startCluster({ ...nodes, miroir: 'child', config: { server: { workers: 2 } } }),
  ]);
});

afterAll(async () => {
  vi.restoreAllMocks();
  await Promise.all([oracle?.stop(), cluster?.stop(), withWorkers?.stop()]);
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

const broken = (error: unknown) => JSON.stringify({ broke: String(error) });

test('every method of the official client leads to the same outcome as on one server', async () => {
  if (oracle === undefined || cluster === undefined || withWorkers === undefined)
    throw new Error('the servers did not start');
  const sides = [oracle, cluster, withWorkers].map((server) => clientContext(server.address, server.masterKey));
  const failures: string[] = [];
  for (const [method, call] of [...clientSteps, ...instanceSteps]) {
    const [expected, ...got] = await Promise.all(sides.map((side) => outcome(call, side).catch(broken)));
    for (const [i, one] of got.entries()) {
      const differences = diff(parseRaw(expected ?? 'null'), parseRaw(one), { loose });
      const which = i === 0 ? 'one process' : 'workers';
      if (differences.length > 0) failures.push(`${method}, ${which}: ${JSON.stringify(differences.slice(0, 3))}`);
    }
    if (expected?.startsWith('{"broke"')) failures.push(`${method}: ${expected}`);
  }
  expect(failures).toEqual([]);
}, 600_000);

test.each(refusedSteps)('%s is refused with a code that says so', async (_, call) => {
  if (cluster === undefined) throw new Error('the cluster did not start');
  const got = await outcome(call, clientContext(cluster.address, cluster.masterKey));
  expect(JSON.parse(got)).toMatchObject({ cause: { code: 'miroir_not_supported' } });
});

test('no method of the official client was left out', () => {
  expect(spies.size).toBeGreaterThan(100);
  expect([...spies].filter(([, spy]) => spy.mock.calls.length === 0).map(([name]) => name)).toEqual([]);
});
