import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shardField, shardFilter, versionField } from '../../src/documents/markers.ts';
import { buildNodeBody } from '../../src/documents/node-body.ts';
import { placeBatch } from '../../src/documents/placed-batch.ts';
import { atOnce } from '../../src/documents/turns.ts';
import type { LocalNode } from '../../src/nodes/local.ts';
import { initHash, shardOf } from '../../src/placement/hash.ts';
import { masterKey, startGuardedNode, temporaryFolder } from '../support/processes.ts';

/** The same documents with and without markers on a real node: no search may tell the two apart. */

const shards = 4096;
const words = [
  'river',
  'stone',
  'light',
  'moon',
  'garden',
  'silver',
  'night',
  'wind',
  'storm',
  'glass',
  '17',
  '3',
  'a-b',
];
const marks = ['§', '¶', '¡', '÷', '«', '»', '¿', '×', '!', '.', '3', 'true', 'miroir', 'shard', ''];
let node: LocalNode;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

async function ask(
  method: 'POST' | 'PATCH' | 'GET',
  path: string,
  body?: string | Buffer,
): Promise<Record<string, unknown>> {
  const response = await request(node.address + path, {
    method,
    headers: {
      authorization: `Bearer ${masterKey}`,
      'content-type': 'application/json',
      'accept-encoding': 'identity',
    },
    body: body ?? null,
  });
  return (await response.body.json()) as Record<string, unknown>;
}

async function write(path: string, method: 'POST' | 'PATCH', body: string | Buffer): Promise<void> {
  const { taskUid } = await ask(method, path, body);
  for (;;) {
    const task = await ask('GET', `/tasks/${taskUid as number}`);
    if (task.status === 'failed') throw new Error(JSON.stringify(task.error));
    if (task.status === 'succeeded') return;
    await sleep(20);
  }
}

/** A small generator with a fixed seed, so that each run asks the same. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % bound;
  };
}

const next = generator(7);
const pick = (list: readonly string[]): string => list[next(list.length)] ?? '';
const phrase = (length: number): string => Array.from({ length }, () => pick(words)).join(' ');
const documents = Array.from({ length: 800 }, (_, i) => ({
  id: i,
  title: phrase(1 + next(4)),
  text: phrase(3 + next(12)),
  rank: next(20),
  ...(next(3) === 0 ? { note: pick(marks) + phrase(2) } : {}),
}));
const shardsOfDocuments = (): number[] => documents.map(({ id }) => shardOf(String(id), shards));

beforeAll(async () => {
  await initHash();
  folder = await temporaryFolder('markers');
  node = await startGuardedNode('markers', join(folder.path, 'node'));
  const own = shardsOfDocuments();
  const plain = JSON.stringify(documents);
  const raw = documents.map((document) => JSON.stringify(document));
  const placed = atOnce(
    placeBatch(
      raw,
      documents.map(({ id }) => String(id)),
      shards,
    ),
  );
  const stamped = buildNodeBody(placed, new Set(own), BigInt(1_800_000_000_000) << 12n) as Buffer;
  for (const [uid, body, filterable] of [
    ['plain', plain, ['rank']],
    ['stamped', stamped, [{ attributePatterns: [shardField] }, 'rank']],
  ] as const) {
    const settings = JSON.stringify({ filterableAttributes: filterable, sortableAttributes: ['rank'] });
    await write(`/indexes/${uid}/settings`, 'PATCH', settings);
    await write(`/indexes/${uid}/documents?primaryKey=id`, 'POST', body);
  }
});
afterAll(async () => {
  await node?.stop();
  await folder?.remove();
});

/** An answer without its time and without the markers, whose values must come back unhighlighted. */
function comparable(answer: Record<string, unknown>): unknown {
  const {
    hits,
    processingTimeMs: _,
    ...rest
  } = answer as { hits: Record<string, unknown>[]; processingTimeMs: number };
  const strip = (hit: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(hit)
        .filter(([name]) => name !== shardField && name !== versionField)
        .map(([name, value]) => [
          name,
          name === '_formatted' || name === '_matchesPosition' ? strip(value as Record<string, unknown>) : value,
        ]),
    );
  for (const hit of hits) {
    const formatted = hit._formatted as Record<string, unknown> | undefined;
    if (formatted === undefined || !(shardField in hit)) continue;
    expect([formatted[shardField], formatted[versionField]]).toEqual([hit[shardField], hit[versionField]]);
    expect(Object.keys(hit._matchesPosition as object)).not.toContain(shardField);
  }
  return { ...rest, hits: hits.map(strip) };
}

describe('markers on a real node', () => {
  it('change no search result, order, detail or highlight', async () => {
    const kinds = [{}, { sort: ['rank:asc'] }, { filter: 'rank > 5' }, { matchingStrategy: 'all' }, { limit: 200 }];
    for (let i = 0; i < 300; i++) {
      const q = [phrase(next(4)), next(3) === 0 ? pick(marks) : ''].join(next(2) === 0 ? ' ' : '');
      const query = JSON.stringify({
        q: next(10) === 0 ? `"${q}"` : q,
        showRankingScore: true,
        showRankingScoreDetails: true,
        showMatchesPosition: true,
        attributesToHighlight: ['*'],
        ...kinds[next(kinds.length)],
      });
      const [plain, stamped] = await Promise.all(
        ['plain', 'stamped'].map((uid) => ask('POST', `/indexes/${uid}/search`, query)),
      );
      expect([query, comparable(stamped ?? {})]).toEqual([query, comparable(plain ?? {})]);
    }
  });

  it('select exactly the documents of the shards asked for', async () => {
    const own = shardsOfDocuments();
    for (const chosen of [[own[0] ?? 0], own.slice(10, 300), [], [4095]]) {
      const body = JSON.stringify({ q: '', filter: shardFilter(chosen), limit: 1000, attributesToRetrieve: ['id'] });
      const { hits } = await ask('POST', '/indexes/stamped/search', body);
      const expected = documents.filter((_, i) => chosen.includes(own[i] ?? -1)).map(({ id }) => id);
      expect((hits as { id: number }[]).map(({ id }) => id)).toEqual(expected);
    }
  });
});
