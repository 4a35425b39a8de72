import { describe, expect, it } from 'vitest';
import { shardMarker } from '../../../src/documents/markers.ts';
import { createStats, type Stats, type StatsOptions } from '../../../src/indexes/stats.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import { indexRecord } from '../store/records.ts';

interface Doc {
  shard: number;
  fields: readonly string[];
}

const index = { ...indexRecord(1), shards: 3 };
/** Every document has `id`, each second one `even`, one in a hundred `rare`. */
const documents = Array.from({ length: 300 }, (_, i): Doc => {
  return { shard: i % 3, fields: ['id', ...(i % 2 === 0 ? ['even'] : []), ...(i % 100 === 0 ? ['rare'] : [])] };
});
const truth = { id: 300, even: 150, rare: 3 };

function statsOf(held: readonly Doc[]) {
  const fieldDistribution: Record<string, number> = { _miroir_shard: held.length };
  for (const { fields } of held) {
    for (const field of fields) fieldDistribution[field] = (fieldDistribution[field] ?? 0) + 1;
  }
  return {
    numberOfDocuments: held.length,
    rawDocumentDbSize: 4096,
    avgDocumentSize: 50,
    isIndexing: false,
    numberOfEmbeddings: 0,
    numberOfEmbeddedDocuments: 0,
    fieldDistribution,
  };
}

/** What a node answers to what the statistics ask of it. */
function answer(held: readonly Doc[], path: string, body: string | undefined): unknown {
  const own = statsOf(held);
  if (path === '/stats') {
    return { databaseSize: 1, usedDatabaseSize: 1, lastUpdate: null, indexes: { [index.physicalUid]: own } };
  }
  if (body === undefined) return own;
  const { filter } = JSON.parse(body) as { filter: string };
  return { total: held.filter(({ shard }) => filter.includes(shardMarker(shard))).length };
}

/** Statistics over nodes with these documents; `owners` by group and shard. */
function over(
  nodes: Readonly<Record<string, readonly Doc[]>>,
  owners: readonly (readonly (readonly string[])[])[],
  but: Partial<ClusterView> = {},
): Stats {
  const view: ClusterView = {
    groups: () => owners.map((_, group) => group),
    nodes: (group) => [...new Set(owners[group]!.flat())].sort(),
    owners: (group, shard) => owners[group]![shard]!,
    copies: (_, group, shard) => owners[group]![shard]!,
    hasSurplus: () => false,
    up: () => true,
    inSync: () => true,
    ...but,
  };
  const request = (node: string) => async (asked: { path: string; body?: string }) => ({
    status: 200,
    text: JSON.stringify(answer(nodes[node]!, asked.path, asked.body)),
  });
  return createStats({
    catalog: { visible: () => index, listVisible: () => [index] },
    active: { head: () => undefined },
    view,
    clients: { get: (node: string) => ({ request: request(node) }) },
    timeoutMs: 1_000,
  } as unknown as StatsOptions);
}

/** The statistics of the index, which both ways of asking agree on. */
async function read(stats: Stats) {
  const one = JSON.parse(await stats.stats(index.uid)) as ReturnType<typeof statsOf>;
  const all = JSON.parse(await stats.allStats({ allowsIndex: () => true } as never)) as { indexes: object };
  expect(all.indexes).toEqual({ [index.uid]: one });
  return one;
}

const of = (...shards: number[]) => documents.filter(({ shard }) => shards.includes(shard));
/** A copy that missed most writes. */
const old = (...shards: number[]) => of(...shards).filter((_, i) => i % 10 === 1);
const ring = [
  ['a', 'b'],
  ['b', 'c'],
  ['a', 'c'],
];
const staleOn = (node: string): Partial<ClusterView> => ({ inSync: (_, __, one) => one !== node });

describe('the statistics of an index', () => {
  it('count each document once', async () => {
    const nodes = { a: of(0, 2), b: of(0, 1), c: of(1, 2) };
    const { numberOfDocuments, fieldDistribution } = await read(over(nodes, [ring]));
    expect([numberOfDocuments, fieldDistribution]).toEqual([300, truth]);
  });

  it('are exact with a stale node when the others hold each shard equally often', async () => {
    const both = [
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ];
    const { numberOfDocuments, fieldDistribution } = await read(
      over({ a: of(0, 1, 2), b: old(0, 1, 2) }, [both], staleOn('b')),
    );
    expect([numberOfDocuments, fieldDistribution]).toEqual([300, truth]);
  });

  it('come from a group without stale copies when there is one', async () => {
    const nodes = { a: of(0, 2), b: of(0, 1), c: old(1, 2), d: of(0, 1, 2) };
    const { fieldDistribution } = await read(over(nodes, [ring, [['d'], ['d'], ['d']]], staleOn('c')));
    expect(fieldDistribution).toEqual(truth);
  });

  it('are exact for fields of every document, and close for others, when shards are not equally often in sync', async () => {
    const nodes = { a: of(0, 2), b: of(0, 1), c: old(1, 2) };
    const { numberOfDocuments, fieldDistribution } = await read(over(nodes, [ring], staleOn('c')));
    expect([numberOfDocuments, fieldDistribution.id]).toEqual([300, 300]);
    expect(fieldDistribution.even).toBeGreaterThan(120);
    expect(fieldDistribution.even).toBeLessThan(180);
    expect(fieldDistribution.rare).toBeGreaterThan(0);
  });

  it('never count fields beyond the documents, also when every node holds something stale', async () => {
    const nodes = { a: of(0, 2), b: [...of(1), ...old(0)], c: [...old(1), ...of(2)] };
    const stale = new Set(['b/0', 'c/1', 'a/2']);
    const inSync: ClusterView['inSync'] = (_, shard, node) => !stale.has(`${node}/${shard}`);
    const { numberOfDocuments, fieldDistribution } = await read(over(nodes, [ring], { inSync }));
    expect([numberOfDocuments, fieldDistribution.id]).toEqual([300, 300]);
    expect(fieldDistribution.even).toBeLessThanOrEqual(300);
  });

  it('take the nodes that answer for typical when a shard cannot be reached', async () => {
    const single = [['a'], ['b'], ['c']];
    const up = { up: (node: string) => node !== 'c' };
    const { numberOfDocuments } = await read(over({ a: of(0), b: of(1), c: [] }, [single], up));
    expect(numberOfDocuments).toBe(300);
  });
});
