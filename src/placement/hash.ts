import xxhash, { type XXHashAPI } from 'xxhash-wasm';

let api: XXHashAPI | null = null;

/** Load the hash function; call once, at start, before anything here is used. Later calls do nothing. */
export async function initHash(): Promise<void> {
  api ??= await xxhash();
}

/** xxh64 with seed 0 of the UTF-8 bytes of a text, as an unsigned 64-bit integer. */
export function hash64(text: string): bigint {
  if (api === null) throw new Error('initHash() has to end before anything is hashed');
  return api.h64(text);
}

/** The shard, from 0, that a document id (as text) belongs to: xxh64 modulo the number of shards of its index. */
export function shardOf(id: string, shards: number): number {
  return Number(hash64(id) % BigInt(shards));
}
