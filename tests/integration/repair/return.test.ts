import { afterEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../support/cluster.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { both, copiesEqual, healed, noticedDown, quick, searchesEqual } from './support.ts';

let cluster: Cluster | undefined;
let oracle: Oracle | undefined;

afterEach(async () => {
  await cluster?.stop();
  await oracle?.stop();
  cluster = undefined;
  oracle = undefined;
});

async function start(options: Partial<ClusterOptions> = {}): Promise<{ subject: Cluster; one: Oracle }> {
  const started = await Promise.all([
    startCluster({ nodes: 3, replicationFactor: 2, shards: 8, config: { health: quick }, ...options }),
    startOracle(),
  ]);
  [cluster, oracle] = started;
  return { subject: started[0], one: started[1] };
}

const documents = (from: number, to: number, text: string) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: from + i,
    text: `${text} ${from + i}`,
    even: (from + i) % 2 === 0,
  }));

const queries = [{ q: '' }, { q: 'first' }, { q: 'second' }, { filter: 'even = true' }].map((query) => ({
  ...query,
  limit: 1_000,
}));

describe('a node that comes back', () => {
  test('gets what it missed: additions, updates, deletions by id and by filter', async () => {
    const { subject, one } = await start();
    const send = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
      both(subject, one, {
        method,
        path: `/indexes/p${path}`,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    await send('PATCH', '/settings', { filterableAttributes: ['even', 'id'] });
    await send('POST', '/documents', documents(0, 300, 'first'));
    await subject.nodes[0]?.stop('SIGKILL');
    await noticedDown(subject, 'node-0');
    await send('POST', '/documents', documents(250, 400, 'second'));
    await send('PUT', '/documents', [
      { id: 1, more: true },
      { id: 2, more: { b: 1, a: 1.0 } },
      { id: 900, text: 'put' },
    ]);
    await send('POST', '/documents/delete-batch', [3, 4, 260]);
    await send('POST', '/documents/delete', { filter: 'even = true AND id > 350' });
    await subject.nodes[0]?.restart();
    await send('PUT', '/documents', [
      { id: 5, late: 1 },
      { id: 300, late: 1 },
    ]);
    await healed(subject);
    expect(await copiesEqual(subject, 'p')).toBeGreaterThan(300);
    await searchesEqual(subject, one, 'p', queries);
  }, 120_000);
});
