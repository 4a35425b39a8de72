import { setTimeout as sleep } from 'node:timers/promises';
import { parseShard, shardField } from '../../src/documents/markers.ts';
import type { AdminShards, AdminTopology } from '../../src/placement/admin-types.ts';
import { canonical, type Doc } from '../invariants/history.ts';
import type { CopyContent } from '../invariants/invariants.ts';
import { adminKey } from '../support/cluster.ts';
import { type RawRequest, type Server, send, sendJson } from '../support/http.ts';
import { indexUid } from './data.ts';
import type { Lab, LabNode } from './lab.ts';

const pageSize = 1_000;
/** How long a complete answer is waited for: on a busy machine a node can miss its probes at any time. */
const patienceMs = 30_000;

/** Ask until the answer is whole. Throws with the last one when it never is. */
export async function wholeAnswer(server: Server, request: RawRequest): Promise<string> {
  for (const deadline = performance.now() + patienceMs; ; await sleep(200)) {
    const answer = await send(server, request);
    if (answer.status === 200 && answer.headers['x-miroir-degraded'] === undefined) return answer.text;
    if (performance.now() > deadline) throw new Error(`${request.path} answered ${answer.status}: ${answer.text}`);
  }
}

/** All documents of an index, page by page. */
export async function allDocuments(server: Server, index: string): Promise<Doc[]> {
  const documents: Doc[] = [];
  for (;;) {
    const body = JSON.stringify({ offset: documents.length, limit: pageSize });
    const text = await wholeAnswer(server, { method: 'POST', path: `/indexes/${index}/documents/fetch`, body });
    const { results } = JSON.parse(text) as { results: Doc[] };
    documents.push(...results);
    if (results.length < pageSize) return documents;
  }
}

const asAdmin = (lab: Server): Server => ({ address: lab.address, masterKey: adminKey });

/** `GET /_miroir/topology`. */
export function topologyOf(lab: Server): Promise<AdminTopology> {
  return sendJson<AdminTopology>(asAdmin(lab), 'GET', '/_miroir/topology');
}

/** What a node holds of the workload's index: its copies, each document's shard, and the settings. */
export interface NodeContent {
  node: string;
  owned: ReadonlySet<number>;
  copies: CopyContent[];
  held: Map<string, number | null>;
  settings: string;
}

function shardsOn(shards: AdminShards, node: string): number[] {
  const index = shards.indexes.find(({ uid }) => uid === indexUid);
  const held = (index?.shards ?? []).filter(({ copies }) => copies.some((copy) => copy.node === node));
  return held.map(({ shard }) => shard);
}

async function readNode(node: Server, id: string, physicalUid: string, owned: readonly number[]): Promise<NodeContent> {
  const documents = await allDocuments(node, physicalUid);
  const held = new Map(documents.map((doc) => [doc.id, parseShard(String(doc[shardField]))]));
  const copies = owned.map((shard): CopyContent => {
    const own = documents.filter((doc) => held.get(doc.id) === shard);
    return {
      index: indexUid,
      shard,
      node: id,
      documents: new Map(own.map((doc) => [doc.id, canonical(doc)])),
    };
  });
  const settings = canonical(await sendJson(node, 'GET', `/indexes/${physicalUid}/settings`));
  return { node: id, owned: new Set(owned), copies, held, settings };
}

/** Read the workload's index from the nodes of the cluster themselves, around Miroir. Throws when one does not have it. */
export async function readNodes(lab: Lab): Promise<NodeContent[]> {
  const { indexes, groups } = await topologyOf(lab);
  const physical = indexes.find(({ uid }) => uid === indexUid)?.physicalUid ?? '';
  const shards = await sendJson<AdminShards>(asAdmin(lab), 'GET', '/_miroir/shards');
  // a node that left and joined again has another id than in the lab
  const members = groups.flatMap(({ nodes }) => nodes);
  return Promise.all(
    lab.nodes.flatMap((node) => {
      const id = members.find(({ address }) => address === node.proxy.address)?.id;
      return id === undefined ? [] : [readNode(node, id, physical, shardsOn(shards, id))];
    }),
  );
}

/** Copies that may not be read now, as `node/shard: state`. */
export async function unreadableCopies(lab: Server): Promise<string[]> {
  const { indexes } = await sendJson<AdminShards>(asAdmin(lab), 'GET', '/_miroir/shards');
  return indexes.flatMap(({ shards }) =>
    shards.flatMap(({ shard, copies }) =>
      copies.filter(({ state }) => state !== 'in_sync').map(({ node, state }) => `${node}/${shard}: ${state}`),
    ),
  );
}

/** Tasks of a node that have not ended. */
export async function openNodeTasks(node: LabNode): Promise<number> {
  const { total } = await sendJson<{ total: number }>(node, 'GET', '/tasks?statuses=enqueued,processing&limit=1');
  return total;
}
