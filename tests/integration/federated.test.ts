import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Server, send } from '../support/http.ts';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { answers, type Case, counted, custom, paint, refusals, tone } from './federated-cases.ts';
import { load } from './federated-data.ts';
import { sign } from './keys-support.ts';

let oracle: Oracle | undefined;
let cluster: Cluster | undefined;

beforeAll(async () => {
  [oracle, cluster] = await Promise.all([startOracle(), startCluster({ nodes: 3, replicationFactor: 2, shards: 8 })]);
  await Promise.all([load(oracle), load(cluster)]);
});

afterAll(async () => {
  await Promise.all([oracle?.stop(), cluster?.stop()]);
});

/** Status and body of both servers, the time taken left out; `key` instead of the master key. */
async function both(body: unknown, key?: string): Promise<{ expected: string; got: string }> {
  if (oracle === undefined || cluster === undefined) throw new Error('the servers did not start');
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const [expected, got] = await Promise.all(
    [oracle, cluster].map(async (server) => {
      const answer = await send(server, { method: 'POST', path: '/multi-search', headers, body: JSON.stringify(body) });
      return `${answer.status} ${answer.text.replaceAll(/"processingTimeMs":\d+/g, '')}`;
    }),
  );
  return { expected: expected ?? '', got: got ?? '' };
}

async function same([, queries, federation]: Case): Promise<void> {
  const { expected, got } = await both({ federation: federation ?? { limit: 5 }, queries });
  expect(got).toBe(expected);
}

const keyUid = '11111111-2222-4333-8444-555555555555';
const keyOf = (server: Server) => createHmac('sha256', server.masterKey).update(keyUid).digest('hex');

/** A key of some indexes, the same on both servers, made once. */
async function searchKey(): Promise<string> {
  if (oracle === undefined || cluster === undefined) throw new Error('the servers did not start');
  const indexes = ['paints', 'counted', 'nope'];
  const body = JSON.stringify({ uid: keyUid, actions: ['search'], indexes, expiresAt: null });
  for (const server of [oracle, cluster]) await send(server, { method: 'POST', path: '/keys', body });
  expect(keyOf(cluster)).toBe(keyOf(oracle));
  return keyOf(oracle);
}

describe('keys and tenant tokens', () => {
  const queries = [tone, { ...counted, q: 'tone', attributesToRetrieve: ['id'] }, { ...paint, filter: 'id < 60' }];
  const federation = { limit: 100, facetsByIndex: { paints: ['price'], counted: ['shade'] } };

  test('a key of other indexes is refused before anything is searched', async () => {
    const key = await searchKey();
    for (const refused of [
      [...queries, { indexUid: 'vectors' }],
      [{ ...paint, filter: 'zz = 1' }, custom],
    ]) {
      const { expected, got } = await both({ federation, queries: refused }, key);
      expect(got).toBe(expected);
      expect(got).toContain('403');
      const plain = await both({ queries: refused }, key);
      expect(plain.got).toBe(plain.expected);
    }
  });

  const rules: [string, unknown][] = [
    ['all indexes', ['*']],
    ['filters of each index', { paints: { filter: 'price = 1' }, counted: { filter: ['price = 2', 'id > 30'] } }],
    ['a filter of one index', { paints: { filter: [['price = 1', 'price = 3'], 'id > 10'] }, '*': null }],
    ['one index only', ['paints']],
    ['a filter that is none', { '*': { filter: 'zz = 1' } }],
  ];
  test.each(rules)('a token: %s', async (_, searchRules) => {
    const key = await searchKey();
    const token = sign({ searchRules, apiKeyUid: keyUid }, key);
    const { expected, got } = await both({ federation, queries }, token);
    expect(got).toBe(expected);
  });
});

describe('refusals', () => {
  test.each(refusals)('%s', (...given) => same(given));
});

describe('answers', () => {
  test.each(answers)('%s', (...given) => same(given));
});
