import type { IndexRecord } from '../store/records.ts';
import type { ClusterView } from './view.ts';

/**
 * Whether every copy of an index is where it belongs, readable and on a node that answers, and no other is left: only then
 * does the sum over all nodes tell how many documents there are.
 */
export function isAtRest(view: ClusterView, index: IndexRecord): boolean {
  return view.groups().every((group) => {
    if (!view.nodes(group).every((node) => view.up(node) && !view.hasSurplus(index, node))) return false;
    for (let shard = 0; shard < index.shards; shard++) {
      const owners = view.owners(group, shard);
      const copies = view.copies(index, group, shard);
      if (copies.length !== owners.length || !owners.every((node) => view.inSync(index, shard, node))) return false;
    }
    return true;
  });
}
