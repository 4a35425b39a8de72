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
    up: (nodeId) => health.up(nodeId),
    inSync: (index, shard, nodeId) => !copies.isStale(index.id, shard, nodeId) && !copies.isLagging(index.id, nodeId),
  };
}
