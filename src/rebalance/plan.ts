import type { AdminPlan } from '../placement/admin-types.ts';
import type { IndexRecord, TopologyRecord } from '../store/records.ts';
import type { NodeCapacity } from './capacity.ts';
import type { Transition } from './transition.ts';

/** What telling a plan is built from. */
export interface PlanContext {
  before: TopologyRecord;
  after: TopologyRecord;
  transition: Transition;
  capacities: ReadonlyMap<string, NodeCapacity>;
  /** Documents that are read or stored in a second, all moves together; 0: no limit. */
  documentsPerSecond: number;
  /** Bytes on disk from which on a node is given no more; null when there is no such limit. */
  highWatermark: number | null;
}

/** Documents and bytes of one shard, from what the nodes say about the index and the copies that they hold of it. */
function sizeOfShard(
  index: IndexRecord,
  { before, capacities }: Pick<PlanContext, 'before' | 'capacities'>,
): { documents: number; bytes: number } {
  let [documents, bytes] = [0, 0];
  const groups = new Map<number, number>();
  for (const node of before.nodes) {
    const own = capacities.get(node.id)?.indexes[index.physicalUid];
    if (own === undefined) continue;
    documents += own.documents;
    bytes += own.bytes;
    groups.set(node.group, (groups.get(node.group) ?? 0) + 1);
  }
  let copies = 0;
  for (const nodes of groups.values()) copies += Math.min(nodes, before.replicationFactor);
  const share = Math.max(1, copies) * index.shards;
  return { documents: documents / share, bytes: bytes / share };
}

/** Each document is read once and stored once. Null when nothing but the nodes bounds the time. */
function leastSeconds(documents: number, perSecond: number): number | null {
  return perSecond === 0 ? null : Math.ceil((2 * documents) / perSecond);
}

/** How many documents are about in the copies that a transition has to fill. */
export function documentsToMove(
  filling: Transition['filling'],
  context: Pick<PlanContext, 'before' | 'capacities'>,
): number {
  const counts = new Map<number, number>();
  let documents = 0;
  for (const { index } of filling) {
    const count = counts.get(index.id) ?? sizeOfShard(index, context).documents;
    counts.set(index.id, count);
    documents += count;
  }
  return Math.round(documents);
}

/** What a change of the topology would move, and how long that would take. */
export function tellPlan(context: PlanContext): AdminPlan {
  const sizes = new Map<number, { documents: number; bytes: number }>();
  const nodes = new Map<string, { gains: number; loses: number; bytes: number }>();
  const entry = (id: string) => {
    const known = nodes.get(id) ?? { gains: 0, loses: 0, bytes: 0 };
    nodes.set(id, known);
    return known;
  };
  let [documents, bytes] = [0, 0];
  for (const { index, nodeId } of context.transition.filling) {
    const size = sizes.get(index.id) ?? sizeOfShard(index, context);
    sizes.set(index.id, size);
    documents += size.documents;
    bytes += size.bytes;
    const node = entry(nodeId);
    node.gains++;
    node.bytes += size.bytes;
  }
  for (const change of context.transition.changes) {
    if (change.kind === 'putLeaving') entry(change.record.nodeId).loses++;
  }
  const warnings = [...nodes].flatMap(([id, { bytes: more }]) => {
    const held = context.capacities.get(id)?.bytes ?? 0;
    if (context.highWatermark === null || more === 0 || held + more <= context.highWatermark) return [];
    return [`node ${id} would pass disk_high_watermark; its copies wait until there is room`];
  });
  return {
    copies: context.transition.filling.length,
    documents: Math.round(documents),
    bytes: Math.round(bytes),
    seconds: leastSeconds(documents, context.documentsPerSecond),
    nodes: [...nodes].map(([id, { gains, loses }]) => ({ id, gains, loses })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    warnings,
  };
}
