import type { TopologyRecord } from '../store/records.ts';
import { rank } from './rendezvous.ts';
import type { ClusterView } from './view.ts';

/** The part of a cluster view that follows from the topology alone. */
export type TopologyView = Pick<ClusterView, 'groups' | 'nodes' | 'owners'>;

function byGroup(record: TopologyRecord): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const node of record.nodes) {
    const ids = groups.get(node.group);
    if (ids === undefined) groups.set(node.group, [node.id]);
    else ids.push(node.id);
  }
  for (const ids of groups.values()) ids.sort();
  return groups;
}

/** Who owns what under one topology. Owners are computed on first use and kept: a view lives as long as its record. */
export function createTopologyView(record: TopologyRecord): TopologyView {
  const nodes = byGroup(record);
  const groups = [...nodes.keys()].sort((a, b) => a - b);
  const owners = new Map<number, string[][]>(groups.map((group) => [group, []]));

  function ownersOf(group: number, shard: number): readonly string[] {
    const known = owners.get(group);
    if (known === undefined) return [];
    const cached = known[shard];
    if (cached !== undefined) return cached;
    const computed = rank(shard, nodes.get(group) ?? []).slice(0, record.replicationFactor);
    known[shard] = computed;
    return computed;
  }

  return { groups: () => groups, nodes: (group) => nodes.get(group) ?? [], owners: ownersOf };
}
