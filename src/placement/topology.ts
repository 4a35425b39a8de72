import type { NodeRecord, TopologyRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { rank } from './rendezvous.ts';
import type { ClusterView } from './view.ts';

/** The part of a cluster view that follows from the topology alone. */
export type TopologyView = Pick<ClusterView, 'groups' | 'nodes' | 'owners'>;

function byGroup(nodes: readonly NodeRecord[]): Map<number, NodeRecord[]> {
  const groups = new Map<number, NodeRecord[]>();
  for (const node of nodes) groups.set(node.group, [...(groups.get(node.group) ?? []), node]);
  return groups;
}

const idsOf = (nodes: readonly NodeRecord[]): string[] => nodes.map((node) => node.id).sort();

/** Who owns what under one topology. Owners are computed on first use and kept: a view lives as long as its record. */
export function createTopologyView(record: TopologyRecord): TopologyView {
  const nodes = new Map([...byGroup(record.nodes)].map(([group, members]) => [group, idsOf(members)]));
  const active = byGroup(record.nodes.filter((node) => node.state === 'active'));
  const groups = [...nodes.keys()].sort((a, b) => a - b);
  const owners = new Map<number, string[][]>(groups.map((group) => [group, []]));

  function ownersOf(group: number, shard: number): readonly string[] {
    const known = owners.get(group);
    if (known === undefined) return [];
    const cached = known[shard];
    if (cached !== undefined) return cached;
    const members = active.get(group) ?? [];
    const bySlot = new Map(members.map((node) => [node.slot, node.id]));
    const slots = rank(shard, [...bySlot.keys()]).slice(0, record.replicationFactor);
    const computed = slots.map((slot) => bySlot.get(slot) as string);
    known[shard] = computed;
    return computed;
  }

  return { groups: () => groups, nodes: (group) => nodes.get(group) ?? [], owners: ownersOf };
}

/** The topology of a running cluster, which changes as nodes come and go. */
export interface Topology extends TopologyView {
  record(): TopologyRecord;
  node(id: string): TopologyRecord['nodes'][number] | undefined;
  /** Mirror changes that the store has committed. */
  apply(changes: readonly StoreChange[]): void;
}

/** The topology as the store has it, kept in step with it. */
export function createTopology(initial: TopologyRecord): Topology {
  let record = initial;
  let view = createTopologyView(initial);
  return {
    record: () => record,
    node: (id) => record.nodes.find((node) => node.id === id),
    groups: () => view.groups(),
    nodes: (group) => view.nodes(group),
    owners: (group, shard) => view.owners(group, shard),
    apply(changes) {
      for (const change of changes) {
        if (change.kind !== 'putTopology') continue;
        record = change.record;
        view = createTopologyView(record);
      }
    },
  };
}
