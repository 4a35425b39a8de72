import { shardOf } from '../placement/hash.ts';
import { stampedBytes } from './markers.ts';
import type { RawDocument } from './payload.ts';
import { Stretch, type Work } from './turns.ts';

/** A batch under one layout of its index. */
export interface PlacedBatch {
  documents: readonly RawDocument[];
  /** Each document's shard. */
  shards: Uint16Array;
  /** Ids by shard, in payload order. */
  ids: ReadonlyMap<number, readonly string[]>;
  /** Bytes of the documents of each shard once they are stamped. */
  bytes: Float64Array;
}

/** Puts each document where its id belongs among so many shards; `ids` names the documents' as text. */
export function* placeBatch(
  documents: readonly RawDocument[],
  ids: readonly string[],
  shardCount: number,
): Work<PlacedBatch> {
  const shards = new Uint16Array(ids.length);
  const byShard = new Map<number, string[]>();
  const bytes = new Float64Array(shardCount);
  const stretch = new Stretch();
  for (const [position, id] of ids.entries()) {
    const shard = shardOf(id, shardCount);
    shards[position] = shard;
    const others = byShard.get(shard);
    if (others === undefined) byShard.set(shard, [id]);
    else others.push(id);
    const document = documents[position] as string;
    bytes[shard] = (bytes[shard] as number) + stampedBytes(document);
    if (stretch.isOver(document.length)) yield;
  }
  return { documents, shards, ids: byShard, bytes };
}
