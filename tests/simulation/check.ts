import { shardField, versionField } from '../../src/documents/markers.ts';
import type { CopyStates } from '../../src/placement/copies.ts';
import type { ClusterView } from '../../src/placement/view.ts';
import type { IndexRecord, TopologyRecord } from '../../src/store/records.ts';
import { canonical, possibleStates, type WriteRecord } from '../invariants/history.ts';
import {
  type CopyContent,
  checkAcknowledged,
  checkCopies,
  checkDocuments,
  checkOwners,
  checkSettings,
  checkTasks,
  type TaskSighting,
} from '../invariants/invariants.ts';
import type { SimNode } from './sim-node.ts';

/** A simulated cluster at rest, and what its clients did and saw. */
export interface QuietCluster {
  /** Of all documents that clients wrote. */
  ids: readonly string[];
  /** As readers see it; null when there is none. */
  index: IndexRecord | null;
  view: ClusterView;
  copies: CopyStates;
  topology: TopologyRecord;
  nodes: readonly SimNode[];
  writes: readonly WriteRecord[];
  sightings: readonly TaskSighting[];
}

/** Shards that a node has copies of. */
function ownedShards({ index, view, topology }: QuietCluster, nodeId: string): number[] {
  const group = topology.nodes.find(({ id }) => id === nodeId)!.group;
  const all = Array.from({ length: index?.shards ?? 0 }, (_, shard) => shard);
  return all.filter((shard) => view.owners(group, shard).includes(nodeId));
}

/** All copies, with what their nodes hold. */
function allCopies(cluster: QuietCluster): CopyContent[] {
  const { index, nodes } = cluster;
  if (index === null) return [];
  return nodes.flatMap((node) => {
    const held = node.shards(index.physicalUid);
    return ownedShards(cluster, node.id).map((shard) => ({
      index: index.uid,
      shard,
      node: node.id,
      documents: held.get(shard) ?? new Map(),
    }));
  });
}

/** Documents on nodes that have no copy of their shard. */
function strays(cluster: QuietCluster): string[] {
  const { index, nodes } = cluster;
  if (index === null) return [];
  return nodes.flatMap((node) => {
    const held = [...node.shards(index.physicalUid)].flatMap(([shard, documents]) =>
      [...documents.keys()].map((id) => [id, shard] as const),
    );
    return checkOwners(node.id, new Set(ownedShards(cluster, node.id)), new Map(held));
  });
}

/** Settings of the index on every node. */
function settings({ index, nodes }: QuietCluster) {
  if (index === null) return [];
  const { uid, physicalUid, settingsVersion: version } = index;
  return nodes.map((node) => ({
    index: uid,
    version,
    node: node.id,
    fingerprint: node.settings(physicalUid) ?? 'no index',
  }));
}

/** The documents of these copies as a client would read them. */
function read(copies: readonly CopyContent[]): Map<string, string> {
  const seen = new Map<string, string>();
  for (const { documents } of copies) {
    for (const [id, text] of documents) {
      const { [shardField]: _, [versionField]: __, ...doc } = JSON.parse(text) as Record<string, unknown>;
      seen.set(id, canonical(doc));
    }
  }
  return seen;
}

/** I1 to I4, I6 and I7 of a cluster at rest, in which no copy is stale any more. */
export function checkQuiet(cluster: QuietCluster): string[] {
  const { ids, writes, sightings } = cluster;
  const copies = allCopies(cluster);
  const expected = new Map(ids.map((id) => [id, possibleStates(id, writes, null)]));
  const { lost, resurrected } = checkDocuments(expected, read(copies));
  const uids = writes.flatMap(({ taskUid }) => taskUid ?? []);
  return [
    ...lost.map((text) => `lost: ${text}`),
    ...resurrected.map((text) => `resurrected: ${text}`),
    ...checkCopies(copies),
    ...strays(cluster),
    ...checkSettings(settings(cluster)),
    ...cluster.copies.stale().map(({ nodeId, shard, reason }) => `stale: shard ${shard} on ${nodeId}: ${reason}`),
    ...checkTasks(sightings, true),
    ...checkAcknowledged(uids, new Set(sightings.map(({ uid }) => uid))),
  ];
}
