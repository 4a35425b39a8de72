import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allAreas, isRefused, routeOf } from '../../src/docs/compatibility.ts';
import { valueRows } from '../../src/docs/compatibility-administration.ts';
import type { ParameterArea } from '../../src/docs/compatibility-parameters.ts';
import { type Row, routeRows } from '../../src/docs/compatibility-routes.ts';
import { settingRows } from '../../src/docs/compatibility-settings.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type RawRequest, type Server, sendJson } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import {
  furnish,
  listedNames,
  outcome,
  parameterRequest,
  routeRequest,
  valueRequest,
  withCompanions,
} from './compatibility-probes.ts';

/** Says of each row of docs/compatibility.md whether it is so. */

const started: { oracle?: Oracle; cluster?: Cluster } = {};

beforeAll(async () => {
  [started.oracle, started.cluster] = await Promise.all([
    startOracle(),
    startCluster({ nodes: 2, replicationFactor: 2, shards: 4 }),
  ]);
  await Promise.all([furnish(started.oracle), furnish(started.cluster)]);
});

afterAll(async () => {
  await Promise.all([started.oracle?.stop(), started.cluster?.stop()]);
});

function server(name: 'oracle' | 'cluster'): Server {
  const found = started[name];
  if (found === undefined) throw new Error('the servers did not start');
  return found;
}

/** A served or unknown request ends as on one server; a refused one with the code that the table names. */
async function check(row: Row, raw: RawRequest): Promise<void> {
  const got = await outcome(server('cluster'), raw);
  if (row.state === 'refused') {
    expect(got.code).toBe(row.code ?? 'miroir_not_supported');
    return;
  }
  expect(got.code).not.toBe('miroir_not_supported');
  expect(got).toEqual(await outcome(server('oracle'), raw));
}

/** Waits until a server has worked off its tasks: what a row finds must not depend on how fast the rows before it were. */
async function settled(name: 'oracle' | 'cluster'): Promise<void> {
  const path = '/tasks?statuses=enqueued,processing&limit=20';
  let unfinished: unknown[] = [];
  for (let attempt = 0; attempt < 600; attempt++) {
    ({ results: unfinished } = await sendJson<{ results: unknown[] }>(server(name), 'GET', path));
    if (unfinished.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the tasks of the ${name} do not end: ${JSON.stringify(unfinished)}`);
}

const unknown = { surelyUnknown: 1 };
const title = (area: ParameterArea) => area.title.replaceAll('`', '');
const late = (row: Row) => row.state === 'newer';

describe.each(allAreas)('$title', (area) => {
  it('has every parameter in the table', async () => {
    const raw = parameterRequest(area, unknown);
    if (area.open === true) {
      await check({ state: 'same' }, raw);
      expect(await outcome(server('oracle'), raw)).toMatchObject({ status: 200 });
      return;
    }
    const known = area.parameters.filter((row) => !late(row)).map(({ name }) => name);
    expect((await listedNames(server('oracle'), raw)).toSorted()).toEqual(known.toSorted());
  });

  it.each(area.parameters)('$name is $state', async (row) => {
    const raw = parameterRequest(area, withCompanions(row));
    if (late(row)) expect((await outcome(server('oracle'), raw)).code).toBe('bad_request');
    if (!isRefused(area)) await check(row, raw);
    else if (!late(row))
      expect((await outcome(server('cluster'), raw)).code).toBe(routeOf(area).code ?? 'miroir_not_supported');
  });
});

describe('values and headers', () => {
  it.each(valueRows)('$title is $state', async (row) => {
    await Promise.all([settled('oracle'), settled('cluster')]);
    await check(row, valueRequest(row));
  });
});

describe('settings', () => {
  const path = '/indexes/films/settings';
  const one = (name: string, value: unknown): RawRequest => ({
    method: 'PATCH',
    path,
    body: JSON.stringify({ [name]: value }),
  });

  it('are all in the table', async () => {
    const known = settingRows.filter((row) => !late(row)).map(({ name }) => name);
    expect((await listedNames(server('oracle'), one('surelyUnknown', 1))).toSorted()).toEqual(known.toSorted());
  });

  it.each(settingRows)('$name is $state', async (row) => {
    const own = `${path}/${row.segment}`;
    const body = JSON.stringify(row.example);
    await check(row, one(row.name, row.example));
    await check(row, { method: row.method, path: own, body });
    if (row.state !== 'refused') {
      await check(row, { method: 'DELETE', path: own });
      await check(row, { method: 'GET', path: own });
    }
  });
});

describe('routes', () => {
  beforeAll(async () => {
    const on = { metrics: true, logsRoute: true, editDocumentsByFunction: true };
    for (const name of ['oracle', 'cluster'] as const)
      await sendJson(server(name), 'PATCH', '/experimental-features', on);
  });

  // Changing and deleting comes last, as other rows need what is there.
  const rank = { GET: 0, POST: 1, PUT: 2, PATCH: 3, DELETE: 4 };
  const ordered = routeRows.toSorted((a, b) => rank[a.method] - rank[b.method]);

  it.each(ordered)('$method $path is $state', async (row) => {
    await Promise.all([settled('oracle'), settled('cluster')]);
    if (late(row)) expect([404, 405]).toContain((await outcome(server('oracle'), routeRequest(row))).status);
    await check(row, routeRequest(row));
  });

  it('are those of the parameters too', () => {
    for (const area of allAreas) expect(routeOf(area), title(area)).toBeDefined();
  });
});
