/** Shards that the same nodes could answer. */
export interface Held {
  nodes: readonly string[];
  shards: number[];
}

/** Drops, worst first, every node without which the shards are still covered. `ranked` is best first; order is kept. */
function withoutRedundant(ranked: readonly string[], held: readonly Held[]): string[] {
  const kept = new Set(ranked);
  for (const node of [...ranked].reverse()) {
    const needed = held.some(({ nodes }) => nodes.includes(node) && nodes.every((n) => n === node || !kept.has(n)));
    if (!needed) kept.delete(node);
  }
  return ranked.filter((node) => kept.has(node));
}

/**
 * Few nodes that together hold all the shards: the best ones of `ranked` (best first), and none that could be left out.
 * Few nodes mean less work in all and fewer to wait for; with 3 nodes and 2 copies, two nodes hold everything. Shards that
 * several of them hold go where fewest are. Each node's shards are ascending.
 */
export function cover(held: readonly Held[], ranked: readonly string[]): Map<string, number[]> {
  const kept = withoutRedundant(ranked, held);
  const parts = new Map<string, number[]>(kept.map((node) => [node, []]));
  const choices = held.map(({ nodes, shards }) => ({
    shards,
    open: kept.flatMap((node) => (nodes.includes(node) ? [parts.get(node) as number[]] : [])),
  }));
  choices.sort((a, b) => a.open.length - b.open.length);
  for (const { shards, open } of choices) {
    for (const shard of shards) {
      open.reduce((best, other) => (other.length < best.length ? other : best)).push(shard);
    }
  }
  for (const shards of parts.values()) shards.sort((a, b) => a - b);
  return parts;
}
