import { nodePath } from '../indexes/prepare.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { PlannedPart } from '../tasks/acceptance.ts';
import { shardFilter } from './markers.ts';

/** The nodes that hold each of these shards, and the shards of each node. */
export function shardsByNode(view: ClusterView, index: IndexRecord, shards: Iterable<number>): Map<string, number[]> {
  const byNode = new Map<string, number[]>();
  for (const shard of shards) {
    for (const group of view.groups()) {
      for (const node of view.copies(index, group, shard)) {
        const list = byNode.get(node);
        if (list === undefined) byNode.set(node, [shard]);
        else list.push(shard);
      }
    }
  }
  return byNode;
}

/** The copy of a shard whose result counts in a task's details: the first that is up and in sync. */
function countingNode(view: ClusterView, index: IndexRecord, shard: number): string | undefined {
  const copies = view.groups().flatMap((group) => [...view.copies(index, group, shard)]);
  return copies.find((node) => view.up(node) && view.inSync(index, shard, node)) ?? copies[0];
}

/** A node's shards, split into those whose results count there and the others. */
export function splitByCount(view: ClusterView, index: IndexRecord, node: string, shards: readonly number[]) {
  const counted = new Set(shards.filter((shard) => countingNode(view, index, shard) === node));
  const counting = [...counted];
  const others = shards.filter((shard) => !counted.has(shard));
  return [
    { counts: true, shards: counting },
    { counts: false, shards: others },
  ].filter((part) => part.shards.length > 0);
}

/**
 * A node's shards, split so that every copy of a part's shards is in a part of the same shards on its node too: parts that
 * fail as a whole then fail alike on all copies, and leave them equal.
 */
export function splitByOwners(view: ClusterView, index: IndexRecord, node: string, shards: readonly number[]) {
  const classes = new Map<string, { counts: boolean; shards: number[] }>();
  for (const shard of shards) {
    const counting = countingNode(view, index, shard);
    const owners = view.groups().flatMap((group) => [...view.owners(group, shard)]);
    const key = JSON.stringify([counting, ...owners.sort()]);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { counts: counting === node, shards: [shard] });
    else known.shards.push(shard);
  }
  return [...classes.values()];
}

const allShards = (index: IndexRecord): number[] => Array.from({ length: index.shards }, (_, shard) => shard);

/**
 * A request to every node for the documents that a filter passes, cut to shards wherever `split` parts the node's shards.
 * `body` writes the request's body for a filter; null passes every document.
 */
export function filteredParts(
  view: ClusterView,
  index: IndexRecord,
  { step, path, filter, split }: { step: string; path: string; filter: unknown; split: typeof splitByCount },
  body: (filter: unknown) => string,
): PlannedPart[] {
  const user = filter === null ? [] : Array.isArray(filter) ? filter : [filter];
  return [...shardsByNode(view, index, allShards(index))].flatMap(([nodeId, shards]) => {
    const parts = split(view, index, nodeId, shards);
    return parts.map((part): PlannedPart => {
      // Ours goes last: a node that finds nothing left would not look at the client's, and miss its errors.
      const cut = parts.length === 1 ? filter : [...user, shardFilter(part.shards)];
      return { nodeId, step, ...part, request: { method: 'POST', path: nodePath(index, path), body: body(cut) } };
    });
  });
}

/** Document ids by shard; `shards` names each one's. */
export function idsByShard(ids: readonly string[], shards: readonly number[]): Map<number, string[]> {
  const byShard = new Map<number, string[]>();
  for (const [i, id] of ids.entries()) {
    const shard = shards[i] ?? 0;
    const list = byShard.get(shard);
    if (list === undefined) byShard.set(shard, [id]);
    else list.push(id);
  }
  return byShard;
}
