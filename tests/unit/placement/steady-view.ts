import type { TopologyView } from '../../../src/placement/topology.ts';
import type { ClusterView } from '../../../src/placement/view.ts';

/** The view of a cluster in which nothing moves and everything is well, except for what is given. */
export function steadyView(topology: TopologyView, but: Partial<ClusterView> = {}): ClusterView {
  return {
    groups: () => topology.groups(),
    nodes: (group) => topology.nodes(group),
    owners: (group, shard) => topology.owners(group, shard),
    copies: (_, group, shard) => topology.owners(group, shard),
    hasSurplus: () => false,
    up: () => true,
    inSync: () => true,
    ...but,
  };
}
