import type { TopologyRecord } from '../store/records.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';

/** How many shards, over all indexes, have an in-sync copy on a node of this topology. */
export function coverageUnder(record: TopologyRecord, state: ClusterState): { readable: number; total: number } {
  const present = new Set(record.nodes.map((node) => node.id));
  let [readable, total] = [0, 0];
  for (const index of state.catalog.all()) {
    for (let shard = 0; shard < index.shards; shard++) {
      total++;
      const holders = state.view.groups().flatMap((group) => state.view.copies(index, group, shard));
      if (holders.some((node) => present.has(node) && state.view.inSync(index, shard, node))) readable++;
    }
  }
  return { readable, total };
}

/** How many shards, over all indexes, have their only in-sync copy on this node. */
export function lastCopiesOn(nodeId: string, { catalog, copies, view }: ClusterState): number {
  let last = 0;
  for (const index of catalog.all()) {
    for (let shard = 0; shard < index.shards; shard++) {
      const holders = view.groups().flatMap((group) => view.copies(index, group, shard));
      const whole = holders.filter((node) => !copies.isStale(index.id, shard, node));
      if (whole.length === 1 && whole[0] === nodeId) last++;
    }
  }
  return last;
}
