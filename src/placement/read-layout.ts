import { LRUCache } from 'lru-cache';
import type { IndexRecord } from '../store/records.ts';
import type { ClusterView } from './view.ts';

/** Shards that the same nodes can serve. */
export interface SharedShards {
  /** In id order. */
  nodes: readonly string[];
  /** Ascending. */
  shards: readonly number[];
}

/** Who can serve reads of an index, as long as nodes are up. */
export interface ReadLayout {
  /** By group; shards that nobody of the group can serve are left out. */
  groups: ReadonlyMap<number, readonly SharedShards[]>;
  /** By group, the nodes that can serve some of the index, each once. */
  readable: ReadonlyMap<number, readonly string[]>;
  /**
   * Of how many shards each node holds documents: who is asked for that many needs no shard filter. Nodes with copies that are
   * still to be filled, or with documents that nobody uses any more, are left out; they always need it.
   */
  held: ReadonlyMap<string, number>;
  /** By node, the shards that it alone can serve, when that is so for every shard of the index; null when there is a choice. */
  only: ReadonlyMap<string, readonly number[]> | null;
}

/** See `ReadLayout.only`. */
function withoutChoice(groups: ReadLayout['groups'], index: IndexRecord): ReadLayout['only'] {
  const all = [...groups.values()].flat();
  const served = all.reduce((sum, { shards }) => sum + shards.length, 0);
  if (groups.size !== 1 || served !== index.shards || all.some(({ nodes }) => nodes.length !== 1)) return null;
  return new Map(all.map(({ nodes, shards }) => [nodes[0] as string, shards]));
}

/** The layout under a view as it is now. */
export function readLayout(view: ClusterView, index: IndexRecord): ReadLayout {
  const groups = new Map<number, SharedShards[]>();
  const held = new Map<string, number>();
  for (const group of view.groups()) {
    const shared = new Map<string, { nodes: string[]; shards: number[] }>();
    for (let shard = 0; shard < index.shards; shard++) {
      const readable: string[] = [];
      for (const node of view.copies(index, group, shard)) {
        const inSync = view.inSync(index, shard, node);
        if (inSync) readable.push(node);
        // a node that may hold anything is never asked for as many
        held.set(node, (held.get(node) ?? 0) + (inSync && !view.hasSurplus(index, node) ? 1 : Number.NaN));
      }
      if (readable.length === 0) continue;
      const nodes = readable.sort();
      const same = shared.get(nodes.join());
      if (same === undefined) shared.set(nodes.join(), { nodes, shards: [shard] });
      else same.shards.push(shard);
    }
    groups.set(group, [...shared.values()]);
  }
  for (const [node, count] of held) if (Number.isNaN(count)) held.delete(node);
  const readable = new Map(
    [...groups].map(([group, shared]) => [group, [...new Set(shared.flatMap(({ nodes }) => nodes))]] as const),
  );
  return { groups, readable, held, only: withoutChoice(groups, index) };
}

/** Layouts kept at most. */
const most = 1_000;

/** `readLayout`, which looks at every copy, remembering each index's while `version` of what the view shows stays the same. */
export function createReadLayouts(version: () => string): typeof readLayout {
  const known = new LRUCache<number, { version: string; layout: ReadLayout }>({ max: most });
  return (view, index) => {
    const now = version();
    const found = known.get(index.id);
    if (found?.version === now) return found.layout;
    const layout = readLayout(view, index);
    known.set(index.id, { version: now, layout });
    return layout;
  };
}
