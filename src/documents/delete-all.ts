import { nodePath, toAllNodes } from '../indexes/prepare.ts';
import { isAtRest } from '../placement/at-rest.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { PlannedPart } from '../tasks/acceptance.ts';
import { shardFilter } from './markers.ts';
import { shardsByNode, splitByCount } from './shard-parts.ts';

/** Deletes the documents of every copy by shard, each shard counted on one copy that is in sync. */
function shardByShard(view: ClusterView, index: IndexRecord): PlannedPart[] {
  const shards = Array.from({ length: index.shards }, (_, shard) => shard);
  const path = nodePath(index, '/documents/delete');
  return [...shardsByNode(view, index, shards)].flatMap(([nodeId, held]) =>
    splitByCount(view, index, nodeId, held).map((part): PlannedPart => {
      const body = JSON.stringify({ filter: shardFilter(part.shards) });
      return { nodeId, step: 'delete', ...part, request: { method: 'POST', path, body } };
    }),
  );
}

/**
 * Deletes all documents of an index. At rest one cheap request to each node does it, and the sum of what they report, divided
 * by the number of copies, is right; while copies are stale, on their way or away it would not be.
 */
export function deleteAllParts(view: ClusterView, index: IndexRecord): PlannedPart[] {
  if (!isAtRest(view, index)) return shardByShard(view, index);
  return toAllNodes(view, 'delete-all', { method: 'DELETE', path: nodePath(index, '/documents') }, true);
}

/** Deletes an index; while it is not at rest its documents go first, because only they can be counted by shard. */
export function deleteIndexParts(view: ClusterView, index: IndexRecord): PlannedPart[] {
  const atRest = isAtRest(view, index);
  const deletion = toAllNodes(view, 'delete-index', { method: 'DELETE', path: nodePath(index) }, atRest);
  return atRest ? deletion : [...shardByShard(view, index), ...deletion];
}
