import { stamp } from './markers.ts';
import type { RawDocument } from './payload.ts';

/** UTF-16 units gathered before they are encoded, so that a large body never stands twice as one string. */
const chunkLength = 1 << 20;

/** The positions of a batch's documents by shard, in payload order; `shards` names each document's. */
export function groupByShard(shards: readonly number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [position, shard] of shards.entries()) {
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [position]);
    else group.push(position);
  }
  return groups;
}

/**
 * The body for one node: a JSON array of those documents of the batch whose shard (named per document in `shards`) it
 * owns, in payload order, so that the last of several versions wins there as well. Each carries its markers; the n-th document of the
 * batch gets the n-th version from `firstVersion` on, the same on every copy.
 */
export function buildNodeBody(
  documents: readonly RawDocument[],
  shards: readonly number[],
  owned: ReadonlySet<number>,
  firstVersion: bigint,
): Buffer {
  const chunks: Buffer[] = [];
  let parts: string[] = [];
  let length = 0;
  let separator = '[';
  for (const [position, raw] of documents.entries()) {
    const shard = shards[position];
    if (shard === undefined || !owned.has(shard)) continue;
    const text = stamp(raw, shard, firstVersion + BigInt(position));
    parts.push(separator, text);
    separator = ',';
    length += text.length;
    if (length < chunkLength) continue;
    chunks.push(Buffer.from(parts.join('')));
    parts = [];
    length = 0;
  }
  parts.push(separator === '[' ? '[]' : ']');
  chunks.push(Buffer.from(parts.join('')));
  return Buffer.concat(chunks);
}
