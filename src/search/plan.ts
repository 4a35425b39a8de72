import { LRUCache } from 'lru-cache';
import type { Standing } from '../nodes/replica-selection.ts';
import { hash64 } from '../placement/hash.ts';
import { type ReadLayout, readLayout } from '../placement/read-layout.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import { cover, type Held } from './cover.ts';

/** Which node answers for which shards; every asked shard is in exactly one place. */
export interface ReadPlan {
  byNode: ReadonlyMap<string, readonly number[]>;
  /** Shards of which no copy may be asked. */
  missing: readonly number[];
}

const everyShard = new LRUCache<number, readonly number[]>({
  max: 100,
  memoMethod: (count) => Array.from({ length: count }, (_, shard) => shard),
});

/** Numbers of all shards of an index. */
export function allShards({ shards }: Pick<IndexRecord, 'shards'>): readonly number[] {
  return everyShard.memo(shards);
}

/** What planning is told about nodes besides whether they may be read. */
export interface ReadPreference {
  standing(nodeId: string): Standing;
  /** Whether a group that is clearly more loaded than another one comes after it. */
  leastLoadedGroup: boolean;
}

const allEqual: ReadPreference = { standing: () => ({ rank: 'good', cost: 0 }), leastLoadedGroup: false };

/** A group is clearly more loaded when its nodes cost this many times as much. */
const clearlyMore = 2;

/** One read being planned. */
interface Planning {
  view: ClusterView;
  layout: ReadLayout;
  seed: number;
  excluded: ReadonlySet<string>;
  preference: ReadPreference;
}

/** Nodes best first. Good ones are equals, in an order that follows from the seed, so that reads spread evenly. */
function ranked({ seed, preference }: Planning, nodes: readonly string[]): string[] {
  const entries = nodes.map((node) => {
    const { rank, cost } = preference.standing(node);
    return { node, cost: rank === 'good' ? 0 : cost, draw: hash64(`${seed}:${node}`) };
  });
  entries.sort((a, b) => a.cost - b.cost || (a.draw < b.draw ? -1 : Number(a.draw > b.draw)));
  return entries.map(({ node }) => node);
}

/** The groups in the order in which they are asked: the seed's first, unless another one is clearly less loaded. */
function groupOrder({ view, seed, preference }: Planning): number[] {
  const all = view.groups();
  const order = all.map((_, i) => all[(seed + i) % all.length] as number);
  if (!preference.leastLoadedGroup) return order;
  const load = (group: number) => {
    const costs = view.nodes(group).map((node) => preference.standing(node).cost);
    return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  };
  const loads = new Map(order.map((group) => [group, load(group)]));
  const least = Math.min(...loads.values());
  const overloaded = (group: number) => Number((loads.get(group) ?? 0) > clearlyMore * least);
  return order.sort((a, b) => overloaded(a) - overloaded(b));
}

/** What a group answers of a read. */
interface Covered {
  byNode: ReadonlyMap<string, readonly number[]>;
  /** All shards in it. */
  shards: readonly number[];
}

/** How whole indexes were covered, by layout, group and the nodes that can be asked, best first; the same orders come again and again. */
const covers = new WeakMap<ReadLayout, LRUCache<string, Covered>>();
const coversPerLayout = 8;

function rememberedCovers(layout: ReadLayout): LRUCache<string, Covered> {
  const known = covers.get(layout) ?? new LRUCache<string, Covered>({ max: coversPerLayout });
  covers.set(layout, known);
  return known;
}

/** Those of the shards that are wanted. */
function among(shards: readonly number[], wanted: ReadonlySet<number> | null): number[] {
  return wanted === null ? [...shards] : shards.filter((shard) => wanted.has(shard));
}

/** Nodes of a group that may be asked now and are of one rank. */
function usableNodes({ view, excluded, preference, layout }: Planning, group: number, rank: Standing['rank']) {
  const readable = layout.readable.get(group) ?? [];
  return readable.filter((node) => !excluded.has(node) && view.up(node) && preference.standing(node).rank === rank);
}

/** What these nodes of a group could answer of the `wanted` shards (null: all). */
function heldBy(
  layout: ReadLayout,
  group: number,
  usable: readonly string[],
  wanted: ReadonlySet<number> | null,
): Held[] {
  const held = new Map<string, Held>();
  for (const shared of layout.groups.get(group) ?? []) {
    const nodes = shared.nodes.filter((node) => usable.includes(node));
    const shards = nodes.length === 0 ? [] : among(shared.shards, wanted);
    if (shards.length === 0) continue;
    const same = held.get(nodes.join());
    if (same === undefined) held.set(nodes.join(), { nodes, shards });
    else same.shards.push(...shards);
  }
  return [...held.values()];
}

/** What a group's nodes of one rank answer of the `wanted` shards (null: all). */
function covered(
  planning: Planning,
  group: number,
  wanted: ReadonlySet<number> | null,
  rank: Standing['rank'],
): Covered {
  const { layout } = planning;
  const usable = usableNodes(planning, group, rank);
  const order = ranked(planning, usable);
  const work = (): Covered => {
    const held = heldBy(layout, group, usable, wanted);
    return { byNode: cover(held, order), shards: held.flatMap(({ shards }) => shards) };
  };
  if (wanted !== null) return work();
  const known = rememberedCovers(layout);
  const name = `${group}/${order.join('/')}`;
  const before = known.get(name);
  if (before !== undefined) return before;
  const found = work();
  known.set(name, found);
  return found;
}

function areUsable(nodes: readonly string[], view: ClusterView, excluded: ReadonlySet<string>): boolean {
  return nodes.every((node) => !excluded.has(node) && view.up(node));
}

/**
 * Give each shard to a copy that may be read: on a good node of one group if possible, else on one of the groups after it;
 * on a slow node when no good one has the shard; on a suspect one when nobody else has it.
 *
 * `seed` picks the group and the nodes among equals, and the same arguments give the same plan. That matters for pages: hits
 * tie by `_miroir_version`, which all copies share, but a few rankings also look at what else a node holds (prefixes, word
 * frequencies, approximate neighbours), so that two copies can disagree about an order.
 */
export function planReads(
  view: ClusterView,
  index: IndexRecord,
  shards: readonly number[],
  seed: number,
  excluded: ReadonlySet<string> = new Set(),
  preference: ReadPreference = allEqual,
  layout: ReadLayout = readLayout(view, index),
): ReadPlan {
  const { only } = layout;
  if (only !== null && shards.length === index.shards && areUsable([...only.keys()], view, excluded)) {
    return { byNode: only, missing: [] };
  }
  const planning = { view, seed, excluded, preference, layout };
  const groups = groupOrder(planning);
  const byNode = new Map<string, readonly number[]>();
  let missing: ReadonlySet<number> | null = shards.length === index.shards ? null : new Set(shards);
  for (const rank of ['good', 'slow', 'suspect'] as const) {
    for (const group of groups) {
      const part = covered(planning, group, missing, rank);
      if (part.shards.length === 0) continue;
      if (missing === null && part.shards.length === shards.length) return { byNode: part.byNode, missing: [] };
      for (const [node, own] of part.byNode) byNode.set(node, own);
      const found = new Set(part.shards);
      missing = new Set((missing === null ? shards : [...missing]).filter((shard) => !found.has(shard)));
      if (missing.size === 0) return { byNode, missing: [] };
    }
  }
  return { byNode, missing: missing === null ? shards : [...missing] };
}
