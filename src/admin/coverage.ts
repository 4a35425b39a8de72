import type { AdminCopy } from '../placement/admin-types.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';

/** The state of one copy as operators see it; the gravest reason not to read it comes first. */
function copyState(index: IndexRecord, shard: number, node: string, view: ClusterView, copies: CopyStates) {
  if (copies.isStale(index.id, shard, node)) return 'stale';
  if (!view.up(node)) return 'down';
  return copies.isLagging(index.id, node) ? 'lagging' : 'in_sync';
}

/** Every copy of a shard, best group and owner first. */
export function shardCopies(index: IndexRecord, shard: number, view: ClusterView, copies: CopyStates): AdminCopy[] {
  return view
    .groups()
    .flatMap((group) =>
      view
        .copies(index, group, shard)
        .map((node): AdminCopy => ({ node, group, state: copyState(index, shard, node, view, copies) })),
    );
}

/** Shards over all given indexes, and those among them that some copy can serve or that miss at least one copy. */
export interface Coverage {
  total: number;
  readable: number;
  /** Shards with fewer readable copies than they should have. */
  degraded: number;
}

/** Counts what is readable now. */
export function coverageOf(indexes: readonly IndexRecord[], view: ClusterView, copies: CopyStates): Coverage {
  const coverage: Coverage = { total: 0, readable: 0, degraded: 0 };
  for (const index of indexes) {
    for (let shard = 0; shard < index.shards; shard++) {
      const states = shardCopies(index, shard, view, copies).map((copy) => copy.state);
      coverage.total++;
      if (states.includes('in_sync')) coverage.readable++;
      if (states.some((state) => state !== 'in_sync')) coverage.degraded++;
    }
  }
  return coverage;
}
