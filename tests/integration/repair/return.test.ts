import { afterEach, describe, expect, test } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../support/cluster.ts';
import { send } from '../../support/http.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import {
  both,
  copiesEqual,
  documents,
  healed,
  nodeIndexes,
  noticedDown,
  queries,
  quick,
  searchesEqual,
} from './support.ts';

let cluster: Cluster | undefined;
let oracle: Oracle | undefined;

afterEach(async () => {
  await cluster?.stop();
  await oracle?.stop();
  cluster = undefined;
  oracle = undefined;
});

async function start(options: Partial<ClusterOptions> = {}) {
  const started = await Promise.all([
    startCluster({ nodes: 3, replicationFactor: 2, shards: 8, config: { health: quick }, ...options }),
    startOracle(),
  ]);
  [cluster, oracle] = started;
  const [subject, one] = started;
  const ask = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
    both(subject, one, { method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { subject, one, ask };
}

describe('a node that comes back', () => {
  test('gets what it missed: additions, updates, deletions by id and by filter', async () => {
    const { subject, one, ask } = await start();
    await ask('PATCH', '/indexes/p/settings', { filterableAttributes: ['even', 'id'] });
    await ask('POST', '/indexes/p/documents', documents(0, 300, 'first'));
    await subject.nodes[0]?.stop('SIGKILL');
    await noticedDown(subject, 'node-0');
    await ask('POST', '/indexes/p/documents', documents(250, 400, 'second'));
    await ask('PUT', '/indexes/p/documents', [
      { id: 1, more: true },
      { id: 2, more: { b: 1, a: 1.0 } },
      { id: 900, text: 'put' },
    ]);
    await ask('POST', '/indexes/p/documents/delete-batch', [3, 4, 260]);
    await ask('POST', '/indexes/p/documents/delete', { filter: 'even = true AND id > 350' });
    await subject.nodes[0]?.restart();
    await ask('PUT', '/indexes/p/documents', [
      { id: 5, late: 1 },
      { id: 300, late: 1 },
    ]);
    await healed(subject);
    expect(await copiesEqual(subject, 'p')).toBeGreaterThan(300);
    await searchesEqual(subject, one, 'p', queries);
  }, 180_000);

  test('gets only the documents that it missed, when the log knows them', async () => {
    const { subject, one, ask } = await start({ nodes: 2, shards: 4 });
    await ask('POST', '/indexes/p/documents', documents(0, 400, 'first'));
    await subject.nodes[1]?.stop('SIGKILL');
    await noticedDown(subject, 'node-1');
    await ask('PUT', '/indexes/p/documents', [
      { id: 1, more: 1 },
      { id: 401, text: 'second' },
    ]);
    await ask('PUT', '/indexes/p/documents', [{ id: 1, again: 2 }]);
    await ask('POST', '/indexes/p/documents/delete-batch', [2, 3, 999]);
    await subject.nodes[1]?.restart();
    await healed(subject);
    expect(await copiesEqual(subject, 'p')).toBe(399);
    await searchesEqual(subject, one, 'p', [{ q: '', limit: 1_000 }, { q: 'second' }]);
    const { text } = await send(subject, { method: 'GET', path: '/_miroir/metrics' });
    const count = (action: string) =>
      Number(new RegExp(`documents_total\\{action="${action}"\\} (\\d+)`).exec(text)?.[1]);
    expect([count('copied'), count('deleted')]).toEqual([2, 2]);
  }, 180_000);

  test('gets embeddings and numbers as they were sent', async () => {
    const { subject, ask } = await start({ nodes: 2, shards: 2 });
    await ask('PATCH', '/indexes/p/settings', { embedders: { e: { source: 'userProvided', dimensions: 2 } } });
    const vectors = (id: number) => ({ e: { embeddings: [[id + 0.5, 0.25]], regenerate: false } });
    const some = (from: number) =>
      Array.from({ length: 20 }, (_, i) => ({ id: from + i, _vectors: vectors(from + i) }));
    await ask('POST', '/indexes/p/documents', some(0));
    await subject.nodes[1]?.stop('SIGKILL');
    await noticedDown(subject, 'node-1');
    await ask('POST', '/indexes/p/documents', [...some(10), { id: 90, _vectors: { e: null } }]);
    const exact = '[{"id":92,"big":12345678901234567890123,"float":1.0,"text":"\\u00e9","_vectors":{"e":[1,0.1]}}]';
    const raw = { method: 'POST', path: '/indexes/p/documents', body: exact } as const;
    await send(subject, raw);
    await ask('PUT', '/indexes/p/documents', [{ id: 0, text: 'second' }]);
    await subject.nodes[1]?.restart();
    await healed(subject);
    expect(await copiesEqual(subject, 'p')).toBe(32);
  }, 180_000);

  test('has the indexes, settings and names of now', async () => {
    const { subject, one, ask } = await start();
    for (const uid of ['kept', 'gone', 'renamed'])
      await ask('POST', `/indexes/${uid}/documents`, documents(0, 60, uid));
    await subject.nodes[1]?.stop('SIGKILL');
    await noticedDown(subject, 'node-1');
    await ask('PATCH', '/indexes/kept/settings', { filterableAttributes: ['even'], stopWords: ['the'] });
    await ask('DELETE', '/indexes/gone');
    await ask('POST', '/indexes/p/documents', documents(0, 80, 'first'));
    await ask('PATCH', '/indexes/p/settings', { filterableAttributes: ['even', 'id'] });
    await ask('DELETE', '/indexes/renamed/documents');
    await ask('POST', '/swap-indexes', [{ indexes: ['kept', 'renamed'] }]);
    await ask('POST', '/indexes/kept/documents', documents(0, 30, 'second'));
    await subject.nodes[1]?.restart();
    await healed(subject);
    expect(await copiesEqual(subject, 'p')).toBe(80);
    expect(await copiesEqual(subject, 'kept')).toBe(30);
    expect(await copiesEqual(subject, 'renamed')).toBe(60);
    await searchesEqual(subject, one, 'p', queries);
    await searchesEqual(subject, one, 'renamed', queries);
    const settings = await Promise.all(
      [subject, one].map((server) => send(server, { method: 'GET', path: '/indexes/renamed/settings' })),
    );
    expect(JSON.parse(settings[0]?.text ?? '')).toEqual(JSON.parse(settings[1]?.text ?? ''));
    const names = await Promise.all(subject.nodes.map(nodeIndexes));
    expect(names[1]).toEqual(names[0]);
  }, 180_000);
});
