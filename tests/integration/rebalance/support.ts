import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { LocalNode } from '../../../src/nodes/local.ts';
import type { AdminPlan, AdminRebalance, AdminShards } from '../../../src/placement/admin-types.ts';
import { adminKey, type Cluster, type ClusterOptions, nodeMasterKey, startCluster } from '../../support/cluster.ts';
import { type RawAnswer, type RawRequest, type Server, send, sendJson } from '../../support/http.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { startGuardedNode } from '../../support/processes.ts';
import { both, nodesOf, quick, searchesEqual, shardsOf, topologyOf } from '../repair/support.ts';
import { allDocuments, baseDocuments, settings, uid, untouched } from './load.ts';

/** A cluster, nodes that may join it, and one plain server that takes the same writes. */
export interface World {
  cluster: Cluster;
  oracle: Oracle;
  /** Every node that was started, by id. */
  nodes: ReadonlyMap<string, LocalNode>;
  /** Start a node that is not part of the cluster. */
  spare(id: string, key?: string): Promise<LocalNode>;
  stop(): Promise<void>;
}

/** Starts it with an index of untouched documents on both sides. */
export async function startWorld(options: Partial<ClusterOptions> = {}): Promise<World> {
  // where nobody is killed, a machine that is busy with other tests must not look like nodes that are away
  const health = options.miroir === 'child' ? quick : { interval: '1s', timeout: '10s', down_after: 3 };
  const config = { health, ...options.config };
  const [cluster, oracle] = await Promise.all([
    startCluster({ nodes: 3, replicationFactor: 1, shards: 12, ...options, config }),
    startOracle(),
  ]);
  const nodes = new Map(cluster.nodes.map((node) => [node.id, node]));
  const spares: LocalNode[] = [];
  const world: World = {
    cluster,
    oracle,
    nodes,
    async spare(id, key = nodeMasterKey) {
      const node = await startGuardedNode(id, join(cluster.folder, id), key);
      spares.push(node);
      nodes.set(id, node);
      return node;
    },
    async stop() {
      for (const node of spares) await node.stop('SIGKILL');
      await cluster.stop();
      await oracle.stop();
    },
  };
  await both(cluster, oracle, { method: 'PATCH', path: `/indexes/${uid}/settings`, body: JSON.stringify(settings) });
  const body = JSON.stringify(baseDocuments());
  await both(cluster, oracle, { method: 'POST', path: `/indexes/${uid}/documents`, body });
  return world;
}

const asAdmin = (cluster: Server): Server => ({ address: cluster.address, masterKey: adminKey });

/** Ask the admin API for a change; it must be taken on. */
export async function operate(
  world: World,
  method: RawRequest['method'],
  path: string,
  body?: unknown,
): Promise<AdminRebalance> {
  const { rebalance } = await sendJson<{ rebalance: AdminRebalance }>(asAdmin(world.cluster), method, path, body);
  return rebalance;
}

/** The plan of a change, with `dryRun`. */
export async function planOf(world: World, method: RawRequest['method'], path: string, body?: unknown) {
  const { plan } = await sendJson<{ plan: AdminPlan }>(asAdmin(world.cluster), method, `${path}?dryRun=true`, body);
  return plan;
}

/** An answer of the admin API, whatever it is. */
export function askAdmin(world: World, method: RawRequest['method'], path: string, body?: unknown): Promise<RawAnswer> {
  return send(asAdmin(world.cluster), {
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

export const rebalanceOf = (world: World) =>
  sendJson<AdminRebalance>(asAdmin(world.cluster), 'GET', '/_miroir/rebalance/status');

/** Resolves once nothing moves any more, every node is up and every copy in sync. */
export async function atRest(world: World, timeoutMs = 240_000): Promise<void> {
  const { cluster } = world;
  const still = async () => {
    const moves = await rebalanceOf(world);
    if (moves.state !== 'idle') return moves;
    const nodes = (await nodesOf(cluster)).filter(({ state, staleCopies }) => state !== 'up' || staleCopies.length > 0);
    const { indexes } = await shardsOf(cluster);
    const shards = indexes.flatMap((index) =>
      index.shards.filter(({ copies }) => copies.some(({ state }) => state !== 'in_sync')),
    );
    return nodes.length + shards.length > 0 ? { nodes, shards } : null;
  };
  for (const deadline = Date.now() + timeoutMs; ; await sleep(300)) {
    const seen = await still().catch((error: Error) => error.message);
    if (seen === null) return;
    if (Date.now() > deadline) throw new Error(`still not at rest: ${JSON.stringify(seen).slice(0, 1_500)}`);
  }
}

/** Where the copies of an index are: the nodes of each shard, sorted. */
export function placement(shards: AdminShards, index = uid): string[][] {
  const found = shards.indexes.find((one) => one.uid === index)?.shards ?? [];
  return [...found].sort((a, b) => a.shard - b.shard).map(({ copies }) => copies.map(({ node }) => node).sort());
}

export const placementNow = async (world: World) => placement(await shardsOf(world.cluster));

/** Documents of an index on a node, by id, as sorted JSON; none when it does not have the index. */
async function heldBy(node: LocalNode, physicalUid: string): Promise<Map<string, string>> {
  const server = { address: node.address, masterKey: node.masterKey };
  const request: RawRequest = {
    method: 'POST',
    path: `/indexes/${physicalUid}/documents/fetch`,
    body: '{"limit":100000}',
  };
  const answer = await send(server, request);
  if (answer.status === 404) return new Map();
  const { results } = JSON.parse(answer.text) as { results: Record<string, unknown>[] };
  const text = (doc: object) => JSON.stringify(Object.entries(doc).sort(([a], [b]) => (a < b ? -1 : 1)));
  return new Map(results.map((doc) => [String(doc.id), text(doc)]));
}

const shardNumber = (text: string): number => {
  const digits = /"_miroir_shard","([^"]*)"/.exec(text)?.[1] ?? '';
  return [...digits].reduce((sum, digit) => sum * 2 + (digit === '¶' ? 1 : 0), 0);
};

/** Reads the nodes themselves: each document on each holder of its shard, the same everywhere, and nowhere else. */
export async function copiesRight(world: World, index = uid): Promise<void> {
  const topology = await topologyOf(world.cluster);
  const physicalUid = topology.indexes.find((one) => one.uid === index)?.physicalUid ?? '';
  const holders = placement(await shardsOf(world.cluster), index);
  const members = topology.groups.flatMap(({ nodes }) => nodes.map(({ id }) => id));
  const contents = new Map<string, Map<string, string>>();
  for (const id of members) contents.set(id, await heldBy(world.nodes.get(id) as LocalNode, physicalUid));
  const all = new Map([...contents.values()].flatMap((documents) => [...documents]));
  for (const [id, text] of all) {
    const having = members.filter((node) => contents.get(node)?.has(id)).sort();
    expect([id, having]).toEqual([id, holders[shardNumber(text)]]);
    for (const node of having) expect(contents.get(node)?.get(id)).toBe(text);
  }
}

const queries = [
  { q: 'words', limit: 3_000 },
  { q: 'base number', filter: 'kind = base', limit: 1_000 },
  { filter: 'kind = live', sort: ['n:asc'], page: 1, hitsPerPage: 3_000 },
];

/** Once load has stopped: documents, answers and copies are what the plain server says, and where the topology says. */
export async function allIsRight(world: World, index = uid): Promise<void> {
  await atRest(world);
  const [got, expected] = await Promise.all([allDocuments(world.cluster, index), allDocuments(world.oracle, index)]);
  expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [id, document] of expected) expect(got.get(id)).toEqual(document);
  if (index === uid) expect(expected.size).toBeGreaterThanOrEqual(untouched);
  if (index === uid) await searchesEqual(world.cluster, world.oracle, uid, queries);
  await copiesRight(world, index);
}
