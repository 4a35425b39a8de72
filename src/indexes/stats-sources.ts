import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';

/** The nodes whose statistics of an index are added up. */
export interface StatsSources {
  group: number;
  nodes: readonly string[];
  /** Whether all that the nodes hold of the index is in sync. */
  sound: boolean;
}

type View = Pick<ClusterView, 'groups' | 'nodes' | 'owners' | 'copies' | 'hasSurplus' | 'up' | 'inSync'>;

/** The group with the largest share of its nodes up; ties go to the first. */
export function mostUpGroup(view: Pick<View, 'groups' | 'nodes' | 'up'>): number {
  const up = (group: number) => view.nodes(group).filter((node) => view.up(node)).length / view.nodes(group).length;
  return [...view.groups()].sort((a, b) => up(b) - up(a) || a - b)[0] ?? 0;
}

/** The nodes of a group that are up and hold nothing of the index but copies in sync. */
function soundNodes(view: View, index: IndexRecord, group: number): string[] {
  const sound = new Set(view.nodes(group).filter((node) => view.up(node) && !view.hasSurplus(index, node)));
  for (let shard = 0; shard < index.shards; shard++) {
    for (const node of view.copies(index, group, shard)) if (!view.inSync(index, shard, node)) sound.delete(node);
  }
  return [...sound];
}

/** How many of the nodes hold each shard, when that is the same number, above 0, for all of them; otherwise null. */
export function copiesEach(view: View, index: IndexRecord, group: number, nodes: readonly string[]): number | null {
  let each: number | null = null;
  for (let shard = 0; shard < index.shards; shard++) {
    const held = view.copies(index, group, shard).filter((node) => nodes.includes(node)).length;
    if (held === 0 || (each !== null && held !== each)) return null;
    each = held;
  }
  return each;
}

/**
 * Whose statistics to add up: a group whose sound nodes hold each shard equally often, so that the sums can be divided;
 * else the group with most sound nodes; else, when no node is sound, what is up of one group.
 */
export function statsSources(view: View, index: IndexRecord): StatsSources {
  const candidates = view.groups().map((group): StatsSources => {
    return { group, nodes: soundNodes(view, index, group), sound: true };
  });
  const even = candidates.find(({ group, nodes }) => copiesEach(view, index, group, nodes) !== null);
  if (even !== undefined) return even;
  const share = ({ group, nodes }: StatsSources) => nodes.length / view.nodes(group).length;
  const best = candidates.sort((a, b) => share(b) - share(a))[0];
  if (best !== undefined && best.nodes.length > 0) return best;
  const group = mostUpGroup(view);
  return { group, nodes: view.nodes(group).filter((node) => view.up(node)), sound: false };
}
