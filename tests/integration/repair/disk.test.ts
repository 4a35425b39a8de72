import { cp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { both, copiesEqual, documents, healed, noticedDown, queries, quick, searchesEqual } from './support.ts';

let cluster: Cluster | undefined;
let oracle: Oracle | undefined;

afterEach(async () => {
  await cluster?.stop();
  await oracle?.stop();
  cluster = undefined;
  oracle = undefined;
});

const dataOf = (of: Cluster, node: number) => join(dirname(of.config.store?.path ?? ''), `node-${node}`, 'data.ms');

async function start() {
  const started = await Promise.all([
    startCluster({ nodes: 3, replicationFactor: 2, shards: 8, config: { health: quick } }),
    startOracle(),
  ]);
  [cluster, oracle] = started;
  const [subject, one] = started;
  const ask = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
    both(subject, one, { method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  await ask('PATCH', '/indexes/p/settings', { filterableAttributes: ['even', 'id'] });
  await ask('POST', '/indexes/p/documents', documents(0, 200, 'first'));
  return { subject, one, ask };
}

describe('a node that comes back with another disk', () => {
  test.each(['empty', 'older', 'of another node'] as const)(
    '%s',
    async (disk) => {
      const { subject, one, ask } = await start();
      const own = dataOf(subject, 0);
      const saved = `${own}.saved`;
      const source = disk === 'older' ? 0 : 1;
      await subject.nodes[source]?.stop('SIGKILL');
      await cp(dataOf(subject, source), saved, { recursive: true });
      await subject.nodes[source]?.restart();
      await healed(subject);
      await ask('POST', '/indexes/p/documents', documents(150, 260, 'second'));
      await ask('POST', '/indexes/p/documents/delete-batch', [1, 2, 3]);
      await subject.nodes[0]?.stop('SIGKILL');
      await noticedDown(subject, 'node-0');
      await rm(own, { recursive: true });
      if (disk !== 'empty') await cp(saved, own, { recursive: true });
      await subject.nodes[0]?.restart();
      await searchesEqual(subject, one, 'p', queries);
      await ask('PUT', '/indexes/p/documents', [{ id: 4, late: true }]);
      await healed(subject);
      expect(await copiesEqual(subject, 'p')).toBe(257);
      await searchesEqual(subject, one, 'p', queries);
    },
    180_000,
  );
});
