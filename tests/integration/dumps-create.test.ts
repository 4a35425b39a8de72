import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elements } from '../../src/json/scan.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Server, send, sendJson } from '../support/http.ts';
import { createKeys, fill, keys } from './dumps-data.ts';
import { dumpsOf, filesIn, makeDump, type PlainServer, startPlain, unpackDump } from './dumps-support.ts';

/** A cluster and one plain server with the same history; a second plain server is started from the cluster's dump. */
let cluster: Cluster;
let oracle: PlainServer;
let restored: PlainServer;
let ofCluster: Map<string, string>;
let ofOracle: Map<string, string>;

beforeAll(async () => {
  [cluster, oracle] = await Promise.all([
    startCluster({ nodes: 3, groups: 1, replicationFactor: 2, shards: 8 }),
    startPlain(),
  ]);
  for (const server of [cluster, oracle]) {
    await fill(server);
    await createKeys(server);
  }
  const [mine, theirs] = [await makeDump(cluster, dumpsOf(cluster)), await makeDump(oracle, oracle.dumps)];
  [ofCluster, ofOracle] = await Promise.all([unpackDump(mine), unpackDump(theirs)]);
  restored = await startPlain(mine);
}, 240_000);

afterAll(async () => {
  await Promise.all([cluster?.stop(), oracle?.stop(), restored?.stop()]);
});

const lines = (text: string | undefined) => (text ?? '').split('\n').filter((line) => line !== '');
const get = async (server: Server, path: string) => (await send(server, { method: 'GET', path })).text;
/** A search's answer; hits by id, because equal ones stand in the order of their last write in the cluster. */
async function search(server: Server, uid: string, body: unknown) {
  const { processingTimeMs: _, ...answer } = await sendJson<{ hits: { id: string }[]; processingTimeMs: number }>(
    server,
    'POST',
    `/indexes/${uid}/search`,
    body,
  );
  return { ...answer, hits: answer.hits.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** A task without what differs between two runs: instants, durations and what only the one who took the request knows. */
function shape(line: string): unknown {
  const { enqueuedAt: _e, startedAt: _s, finishedAt: _f, type, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const embedders = /"apiKey":"[^"]*"/g;
  const kind = typeof type === 'string' ? type : Object.keys(type as object)[0];
  // Miroir keeps no secrets in tasks, so they are masked in the dump.
  return JSON.parse(JSON.stringify({ kind, ...rest }).replace(embedders, '"apiKey":"masked"')) as unknown;
}

describe('a dump of the cluster against the dump of one server with the same history', () => {
  test('holds the same documents, byte for byte', () => {
    for (const uid of ['books', 'shapes', 'empty']) {
      const path = `indexes/${uid}/documents.jsonl`;
      expect(lines(ofCluster.get(path)).sort(), uid).toEqual(lines(ofOracle.get(path)).sort());
    }
    expect(lines(ofCluster.get('indexes/books/documents.jsonl')).length).toBeGreaterThan(280);
  });

  test('holds documents that were not updated in the same order, and updated ones near their place', () => {
    const order = (files: Map<string, string>) => lines(files.get('indexes/books/documents.jsonl'));
    const updated = /"id":"b-[37]"/;
    const mine = order(ofCluster);
    const theirs = order(ofOracle);
    const others = (list: string[]) => list.filter((line) => !updated.test(line));
    expect(others(mine)).toEqual(others(theirs));
    for (const [place, line] of theirs.entries()) {
      if (updated.test(line)) expect(Math.abs(mine.indexOf(line) - place), line).toBeLessThan(30);
    }
  });

  test('holds the same settings text, secrets included', () => {
    for (const uid of ['books', 'shapes', 'empty']) {
      const path = `indexes/${uid}/settings.json`;
      expect(ofCluster.get(path), uid).toBe(ofOracle.get(path));
    }
    expect(ofCluster.get('indexes/empty/settings.json')).toContain('a-secret-of-more-than-thirty-characters');
  });

  test('names the same indexes, features and format', () => {
    const indexes = (files: Map<string, string>) =>
      [...files.keys()].filter((path) => path.startsWith('indexes/')).sort();
    expect(indexes(ofCluster)).toEqual(indexes(ofOracle));
    expect(ofCluster.get('experimental-features.json')).toBe(ofOracle.get('experimental-features.json'));
    const versions = (files: Map<string, string>) => (files.get('metadata.json') ?? '').replace(/"dumpDate":".*?"/, '');
    expect(versions(ofCluster)).toBe(versions(ofOracle));
    const { createdAt, ...metadata } = JSON.parse(ofCluster.get('indexes/books/metadata.json') ?? '{}');
    expect(metadata).toMatchObject({ uid: 'books', primaryKey: 'id' });
    expect(Date.parse(createdAt)).toBeGreaterThan(0);
  });

  test('tells the same tasks in the same words', () => {
    const own = (files: Map<string, string>) =>
      lines(files.get('tasks/queue.jsonl'))
        .map((line) => shape(line) as { kind: string })
        .filter(({ kind }) => kind !== 'dumpCreation');
    expect(own(ofCluster)).toEqual(own(ofOracle));
  });

  test('shows nothing of Miroir', () => {
    for (const [path, text] of ofCluster) expect(text, path).not.toMatch(/_miroir|__\d+"/);
  });
});

describe('a plain Meilisearch started from the dump', () => {
  test('has the documents, as raw as the cluster has them', async () => {
    for (const uid of ['books', 'shapes']) {
      const path = `/indexes/${uid}/documents?limit=1000&retrieveVectors=true`;
      const documents = async (server: Server) => elements(await get(server, path), '{"results":'.length).sort();
      expect(await documents(restored), uid).toEqual(await documents(cluster));
    }
  });

  test('has the settings', async () => {
    for (const uid of ['books', 'shapes', 'empty']) {
      const path = `/indexes/${uid}/settings`;
      expect(await get(restored, path), uid).toBe(await get(cluster, path));
    }
  });

  test('accepts the keys of the cluster, with the same values', async () => {
    const list = async (server: Server) => {
      const { results } = await sendJson<{ results: { uid: string }[] }>(server, 'GET', '/keys?limit=100');
      return results.sort((a, b) => (a.uid < b.uid ? -1 : 1));
    };
    const known = await list(cluster);
    expect(await list(restored)).toEqual(known);
    expect(known.map(({ uid }) => uid)).toEqual(expect.arrayContaining(keys.map(({ uid }) => uid)));
  });

  test('finds the same', async () => {
    const searches = [
      { q: 'whale', filter: 'year > 1950', facets: ['genres'], showRankingScore: true, limit: 300 },
      { q: 'raven', sort: ['year:asc'], limit: 300 },
      { q: '', limit: 500, attributesToRetrieve: ['id'] },
      { q: 'castel', limit: 300, showRankingScoreDetails: true },
    ];
    for (const body of searches) {
      const [one, other] = [await search(restored, 'books', body), await search(cluster, 'books', body)];
      expect(one.hits.length, JSON.stringify(body)).toBeGreaterThan(10);
      expect(one, JSON.stringify(body)).toEqual(other);
    }
  });

  test('counts the same and goes on with the tasks where the cluster was', async () => {
    const numbers = async (server: Server) => {
      const { indexes } = await sendJson<{ indexes: Record<string, Record<string, unknown>> }>(server, 'GET', '/stats');
      return Object.entries(indexes).map(([uid, stats]) => [uid, stats.numberOfDocuments, stats.fieldDistribution]);
    };
    expect(await numbers(restored)).toEqual(await numbers(cluster));
    const first =
      '/tasks?limit=100&reverse=true&statuses=succeeded,failed&types=documentAdditionOrUpdate,settingsUpdate';
    const details = async (server: Server) => {
      const { results } = await sendJson<{ results: Record<string, unknown>[] }>(server, 'GET', first);
      return results.map(({ uid, type, status, details: shown, enqueuedAt }) => ({
        uid,
        type,
        status,
        shown,
        enqueuedAt,
      }));
    };
    expect((await details(restored)).length).toBeGreaterThan(5);
    const withoutSecrets = (value: unknown) =>
      JSON.stringify(value)
        .replace(/Z"/g, '"')
        .replace(/0+"/g, '"')
        .replace(/"apiKey":"[^"]*"/g, '');
    expect(withoutSecrets(await details(restored))).toBe(withoutSecrets(await details(cluster)));
  });
});

test('leaves only whole dumps in the folder', async () => {
  expect((await filesIn(dumpsOf(cluster))).every((name) => /^\d{8}-\d{9}\.dump$/.test(name))).toBe(true);
});
