import { hash64 } from './hash.ts';

/**
 * Score of a node for a shard (rendezvous hashing, Thaler and Ravishankar 1996). The two are written as `node:shard`, which
 * is unambiguous because a shard is digits only; the form was chosen because usual node names then share 64 shards evenly.
 * Changing it moves nearly every copy of every running cluster.
 */
function score(shard: number, nodeId: string): bigint {
  return hash64(`${nodeId}:${shard}`);
}

function before(a: { id: string; score: bigint }, b: { id: string; score: bigint }): number {
  if (a.score !== b.score) return a.score > b.score ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

/** All node ids, the best owner of the shard first; the order in which they are given does not matter. */
export function rank(shard: number, nodeIds: readonly string[]): string[] {
  return nodeIds
    .map((id) => ({ id, score: score(shard, id) }))
    .sort(before)
    .map((entry) => entry.id);
}
