/** Drops, worst first, every node without which the shards are still covered. `ranked` is best first; order is kept. */
function withoutRedundant(ranked: readonly string[], holders: ReadonlyMap<number, readonly string[]>): string[] {
  const left = new Map([...holders].map(([shard, nodes]) => [shard, nodes.length]));
  const held = new Map<string, number[]>();
  for (const [shard, nodes] of holders) {
    for (const node of nodes) {
      const shards = held.get(node);
      if (shards === undefined) held.set(node, [shard]);
      else shards.push(shard);
    }
  }
  const kept = new Set(ranked);
  for (const node of [...ranked].reverse()) {
    const shards = held.get(node) ?? [];
    if (shards.some((shard) => left.get(shard) === 1)) continue;
    kept.delete(node);
    for (const shard of shards) left.set(shard, (left.get(shard) ?? 0) - 1);
  }
  return ranked.filter((node) => kept.has(node));
}

/**
 * Few nodes that together hold all the shards: the best ones of `ranked` (best first), and none that could be left out.
 * Few nodes mean less work in all and fewer to wait for; with 3 nodes and 2 copies, two nodes hold everything. Shards that
 * several of them hold go where fewest are. Each node's shards are ascending.
 */
export function cover(
  holders: ReadonlyMap<number, readonly string[]>,
  ranked: readonly string[],
): Map<string, number[]> {
  const kept = withoutRedundant(ranked, holders);
  const parts = new Map<string, number[]>(kept.map((node) => [node, []]));
  const size = (node: string) => parts.get(node)?.length ?? 0;
  const choices = [...holders].map(([shard, nodes]) => ({ shard, nodes: kept.filter((node) => nodes.includes(node)) }));
  choices.sort((a, b) => a.nodes.length - b.nodes.length || a.shard - b.shard);
  for (const { shard, nodes } of choices) {
    const node = nodes.reduce((best, other) => (size(other) < size(best) ? other : best));
    parts.get(node)?.push(shard);
  }
  for (const shards of parts.values()) shards.sort((a, b) => a - b);
  return parts;
}
