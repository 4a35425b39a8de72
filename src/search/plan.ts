import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';

/** Which node answers for which shards; every asked shard is in exactly one place. */
export interface ReadPlan {
  byNode: ReadonlyMap<string, readonly number[]>;
  /** Shards of which no copy may be asked. */
  missing: readonly number[];
}

/** Numbers of all shards of an index. */
export function allShards(index: IndexRecord): number[] {
  return Array.from({ length: index.shards }, (_, shard) => shard);
}

function groupsFrom(view: ClusterView, start: number): number[] {
  const groups = view.groups();
  return groups.map((_, i) => groups[(start + i) % groups.length] as number);
}

/**
 * Give each shard to the first copy that is up, in sync and not excluded: of the group at position `start` (modulo the
 * number of groups), else of the groups after it. The same arguments give the same plan.
 */
export function planReads(
  view: ClusterView,
  index: IndexRecord,
  shards: readonly number[],
  start: number,
  excluded: ReadonlySet<string> = new Set(),
): ReadPlan {
  const groups = groupsFrom(view, start);
  const byNode = new Map<string, number[]>();
  const missing: number[] = [];
  for (const shard of shards) {
    const node = firstReadable(view, index, shard, groups, excluded);
    if (node === null) {
      missing.push(shard);
      continue;
    }
    const taken = byNode.get(node);
    if (taken === undefined) byNode.set(node, [shard]);
    else taken.push(shard);
  }
  return { byNode, missing };
}

function firstReadable(
  view: ClusterView,
  index: IndexRecord,
  shard: number,
  groups: readonly number[],
  excluded: ReadonlySet<string>,
): string | null {
  for (const group of groups) {
    for (const node of view.copies(index, group, shard)) {
      if (!excluded.has(node) && view.up(node) && view.inSync(index, shard, node)) return node;
    }
  }
  return null;
}

/**
 * Of how many shards of an index each node holds documents: who is asked for that many needs no shard filter. Nodes with
 * documents that nobody uses any more are left out; they always need it.
 */
export function heldCounts(view: ClusterView, index: IndexRecord): Map<string, number> {
  const counts = new Map<string, number>();
  for (const group of view.groups()) {
    for (let shard = 0; shard < index.shards; shard++) {
      for (const node of view.copies(index, group, shard)) counts.set(node, (counts.get(node) ?? 0) + 1);
    }
  }
  for (const node of counts.keys()) if (view.hasSurplus(index, node)) counts.delete(node);
  return counts;
}
