import { shardField, versionField } from '../../src/documents/markers.ts';
import type { ClusterView } from '../../src/placement/view.ts';
import type { IndexRecord, TopologyRecord } from '../../src/store/records.ts';
import { canonical, possibleStates, type WriteRecord } from '../invariants/history.ts';
import {
  type CopyContent,
  checkAcknowledged,
  checkCopies,
  checkDocuments,
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
  topology: TopologyRecord;
  nodes: readonly SimNode[];
  writes: readonly WriteRecord[];
  sightings: readonly TaskSighting[];
}

/** Copies that may be read, with what their nodes hold. */
function readableCopies({ index, view, topology, nodes }: QuietCluster): CopyContent[] {
  if (index === null) return [];
  return nodes.flatMap((node) => {
    const group = topology.nodes.find(({ id }) => id === node.id)!.group;
    const held = node.shards(index.physicalUid);
    return Array.from({ length: index.shards }, (_, shard) => shard)
      .filter((shard) => view.owners(group, shard).includes(node.id) && view.inSync(index, shard, node.id))
      .map((shard) => ({ index: index.uid, shard, node: node.id, documents: held.get(shard) ?? new Map() }));
  });
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

/** I1, I2, I3 and I6 of a cluster at rest. */
export function checkQuiet(cluster: QuietCluster): string[] {
  const { ids, writes, sightings } = cluster;
  const copies = readableCopies(cluster);
  const expected = new Map(ids.map((id) => [id, possibleStates(id, writes, null)]));
  const { lost, resurrected } = checkDocuments(expected, read(copies));
  const uids = writes.flatMap(({ taskUid }) => taskUid ?? []);
  return [
    ...lost.map((text) => `lost: ${text}`),
    ...resurrected.map((text) => `resurrected: ${text}`),
    ...checkCopies(copies),
    ...checkTasks(sightings, true),
    ...checkAcknowledged(uids, new Set(sightings.map(({ uid }) => uid))),
  ];
}
