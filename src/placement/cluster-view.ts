import type { CopyStates } from './copies.ts';
import type { TopologyView } from './topology.ts';
import type { ClusterView } from './view.ts';

/** Joins topology, health and copy states into the one view that planning looks at. */
export function createClusterView(
  topology: TopologyView,
  health: { up(nodeId: string): boolean },
  copies: CopyStates,
): ClusterView {
  return {
    groups: () => topology.groups(),
    nodes: (group) => topology.nodes(group),
    owners: (group, shard) => topology.owners(group, shard),
    copies(index, group, shard) {
      const owners = topology.owners(group, shard);
      const serving = copies.serving(index.id, shard);
      if (serving.length === 0) return owners;
      const nodes = topology.nodes(group);
      return [...owners, ...serving.filter((node) => nodes.includes(node) && !owners.includes(node))];
    },
    hasSurplus: (index, nodeId) => copies.hasSurplus(index.id, nodeId),
    up: (nodeId) => health.up(nodeId),
    inSync: (index, shard, nodeId) => !copies.isStale(index.id, shard, nodeId) && !copies.isLagging(index.id, nodeId),
  };
}
