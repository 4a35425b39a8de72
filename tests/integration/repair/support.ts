import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { LocalNode } from '../../../src/nodes/local.ts';
import type { AdminShards, AdminTopology } from '../../../src/placement/admin-types.ts';
import { adminKey, type Cluster } from '../../support/cluster.ts';
import { type RawAnswer, type RawRequest, type Server, send, sendJson } from '../../support/http.ts';

/** Health probes that notice a killed node, and its return, at once. */
export const quick = { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 };

/** Wait until `check` holds; throws with what it last saw. */
export async function eventually<T>(
  read: () => Promise<T>,
  check: (seen: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(50)) {
    const seen = await read();
    if (check(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still not so: ${JSON.stringify(seen).slice(0, 1_500)}`);
  }
}

const asAdmin = (cluster: Server): Server => ({ address: cluster.address, masterKey: adminKey });
export const topologyOf = (cluster: Server) => sendJson<AdminTopology>(asAdmin(cluster), 'GET', '/_miroir/topology');
export const shardsOf = (cluster: Server) => sendJson<AdminShards>(asAdmin(cluster), 'GET', '/_miroir/shards');

export const nodesOf = async (cluster: Server) => (await topologyOf(cluster)).groups.flatMap(({ nodes }) => nodes);

/** Resolves once every node is up and no copy is stale. */
export async function healed(cluster: Server, timeoutMs = 90_000): Promise<void> {
  const read = async () => ({ nodes: await nodesOf(cluster), shards: await shardsOf(cluster) });
  await eventually(
    read,
    ({ nodes, shards }) =>
      nodes.every((node) => node.state === 'up' && node.staleCopies.length === 0) &&
      shards.indexes.every((index) =>
        index.shards.every(({ copies }) => copies.every(({ state }) => state === 'in_sync')),
      ),
    timeoutMs,
  );
}

/** Resolves once Miroir knows that the node is away. */
export async function noticedDown(cluster: Server, id: string): Promise<void> {
  await eventually(
    () => nodesOf(cluster),
    (nodes) => nodes.find((node) => node.id === id)?.state === 'down',
  );
}

/** Send a write to both and wait until it has ended, in the same way, on both. */
export async function both(cluster: Server, oracle: Server, raw: RawRequest): Promise<void> {
  const answers = await Promise.all([send(cluster, raw), send(oracle, raw)]);
  const tasks = await Promise.all(
    [cluster, oracle].map(async (server, i) => {
      const { taskUid } = JSON.parse((answers[i] as RawAnswer).text) as { taskUid: number };
      return eventually(
        () =>
          sendJson<{ status: string; error: { code: string } | null; details: unknown }>(
            server,
            'GET',
            `/tasks/${taskUid}`,
          ),
        ({ status }) => status !== 'enqueued' && status !== 'processing',
      );
    }),
  );
  const [got, expected] = tasks.map(({ status, error }) => ({ status, code: error?.code ?? null }));
  expect(got).toEqual(expected);
}

/** Documents of an index as one node holds them, by id, as sorted JSON; `key` is the primary key. */
async function held(node: LocalNode, physicalUid: string, key: string): Promise<Map<string, string>> {
  const page = await sendJson<{ results: Record<string, unknown>[] }>(
    { address: node.address, masterKey: node.masterKey },
    'POST',
    `/indexes/${physicalUid}/documents/fetch`,
    { limit: 1_000_000, retrieveVectors: true },
  );
  const sorted = (document: Record<string, unknown>) =>
    JSON.stringify(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1)));
  return new Map(page.results.map((document) => [String(document[key]), sorted(document)]));
}

/** Reads every copy from the nodes themselves: each document is on each owner of its shard, the same everywhere, and nowhere else. */
export async function copiesEqual(cluster: Cluster, uid: string, key = 'id'): Promise<number> {
  const topology = await topologyOf(cluster);
  const index = topology.indexes.find((one) => one.uid === uid);
  const shards = (await shardsOf(cluster)).indexes.find((one) => one.uid === uid)?.shards ?? [];
  if (index === undefined) throw new Error(`no index ${uid}`);
  const byNode = new Map<string, Map<string, string>>();
  for (const node of cluster.nodes) byNode.set(node.id, await held(node, index.physicalUid, key));
  const all = new Map<string, string>();
  for (const documents of byNode.values()) for (const [id, text] of documents) all.set(id, text);
  const owners = new Map<string, readonly string[]>();
  for (const { shard, copies } of shards) owners.set(marker(shard), copies.map(({ node }) => node).sort());
  for (const [id, text] of all) {
    const shard = /"_miroir_shard","([^"]*)"/.exec(text)?.[1] ?? '';
    const holders = [...byNode].filter(([, documents]) => documents.has(id)).map(([node]) => node);
    expect([id, holders.sort()]).toEqual([id, owners.get(shard)]);
    for (const documents of byNode.values()) if (documents.has(id)) expect(documents.get(id)).toBe(text);
  }
  return all.size;
}

function marker(shard: number): string {
  let text = '';
  for (let bit = 11; bit >= 0; bit--) text += (shard >> bit) & 1 ? '¶' : '§';
  return text;
}

/** Ask both for the same, and expect the same documents, complete. Ties follow the order of writing, which updates change. */
export async function searchesEqual(
  cluster: Server,
  oracle: Server,
  uid: string,
  queries: readonly object[],
): Promise<void> {
  for (const query of queries) {
    const raw: RawRequest = { method: 'POST', path: `/indexes/${uid}/search`, body: JSON.stringify(query) };
    const [got, expected] = await Promise.all([send(cluster, raw), send(oracle, raw)]);
    expect(got.headers['x-miroir-degraded']).toBeUndefined();
    const hits = (answer: RawAnswer) => {
      const { hits: list, estimatedTotalHits, totalHits } = JSON.parse(answer.text) as Record<string, unknown>;
      const sorted = (list as { id: number | string }[]).sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
      return { status: answer.status, sorted, total: estimatedTotalHits ?? totalHits };
    };
    expect(hits(got)).toEqual(hits(expected));
  }
}

/** Documents with numbered ids. */
export const documents = (from: number, to: number, text: string) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: from + i,
    text: `${text} ${from + i}`,
    even: (from + i) % 2 === 0,
  }));

/** Searches over such documents, with all that is found. */
export const queries = [{ q: '' }, { q: 'first' }, { q: 'second' }, { filter: 'even = true' }].map((query) => ({
  ...query,
  limit: 1_000,
}));

/** Names of the indexes on a node. */
export async function nodeIndexes(node: LocalNode): Promise<string[]> {
  const server = { address: node.address, masterKey: node.masterKey };
  const { results } = await sendJson<{ results: { uid: string }[] }>(server, 'GET', '/indexes?limit=1000');
  return results.map(({ uid }) => uid).sort();
}
