import type { IndexRecord } from '../store/records.ts';

/** What planning a read or a write needs to know about the cluster at one instant. */
export interface ClusterView {
  /** Replica groups in ascending order. */
  groups(): readonly number[];
  /** Node ids of a group, in id order. */
  nodes(group: number): readonly string[];
  /** The nodes that hold a shard in a group, best rendezvous score first; min(RF, nodes of the group) of them. */
  owners(group: number, shard: number): readonly string[];
  /**
   * The nodes that hold a copy of a shard in a group: its owners, then copies on their way out after a change of the
   * topology. All of them take writes; those in sync serve reads, the first one first.
   */
  copies(index: IndexRecord, group: number, shard: number): readonly string[];
  /** Whether documents of the index are left on the node although it holds no copy that they belong to. */
  hasSurplus(index: IndexRecord, nodeId: string): boolean;
  /** Whether the node is believed to answer. */
  up(nodeId: string): boolean;
  /** Whether the copy may serve reads: not stale, and its node has applied every ended task of the index. */
  inSync(index: IndexRecord, shard: number, nodeId: string): boolean;
}

/** Whether the node holds a copy of the shard: one that takes writes. */
export function holdsCopy(
  view: Pick<ClusterView, 'groups' | 'copies'>,
  index: IndexRecord,
  shard: number,
  nodeId: string,
): boolean {
  return view.groups().some((group) => view.copies(index, group, shard).includes(nodeId));
}
