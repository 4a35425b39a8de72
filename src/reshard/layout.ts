import { shardField, shardMarker } from '../documents/markers.ts';
import { members } from '../json/scan.ts';

/** Shards of two layouts whose documents are the same: all those of `from` go to `to`, and nowhere else. */
export interface ShardClass {
  from: number[];
  to: number[];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** How many classes the shards of two layouts fall into. */
export const classCount = (from: number, to: number): number => greatestCommonDivisor(from, to);

/**
 * The shards of two layouts in the smallest groups that hold the same documents. A shard is a hash modulo the number of shards, so
 * what two numbers of shards have in common is the hash modulo their greatest common divisor: 4 and 16 give four classes of one
 * shard and four, 4 and 6 two, 4 and 5 only one.
 */
export function shardClasses(from: number, to: number): ShardClass[] {
  const classes = Array.from({ length: classCount(from, to) }, (): ShardClass => ({ from: [], to: [] }));
  for (let shard = 0; shard < from; shard++) classes[shard % classes.length]!.from.push(shard);
  for (let shard = 0; shard < to; shard++) classes[shard % classes.length]!.to.push(shard);
  return classes;
}

/** One copy of a shard. */
export interface ShardCopy {
  shard: number;
  nodeId: string;
}

/** Copies in as few sets as possible of which each holds a shard at most once: the node by shard. */
export function layersOf(copies: readonly ShardCopy[]): Map<number, string>[] {
  const layers: Map<number, string>[] = [];
  for (const { shard, nodeId } of copies) {
    const free = layers.find((layer) => !layer.has(shard));
    if (free === undefined) layers.push(new Map([[shard, nodeId]]));
    else free.set(shard, nodeId);
  }
  return layers;
}

/** Shards by the node that holds them. */
export function byNode(nodes: ReadonlyMap<number, string>): Map<string, number[]> {
  const grouped = new Map<string, number[]>();
  for (const [shard, nodeId] of nodes) grouped.set(nodeId, [...(grouped.get(nodeId) ?? []), shard]);
  return grouped;
}

/** A stored document as it is in another shard: its marker names that one, all else is the same text. */
export function inShard(raw: string, shard: number): string {
  const marker = members(raw).findLast(({ key }) => key === shardField);
  if (marker === undefined) throw new Error('a document without a shard marker');
  return `${raw.slice(0, marker.valueStart)}"${shardMarker(shard)}"${raw.slice(marker.valueEnd)}`;
}
