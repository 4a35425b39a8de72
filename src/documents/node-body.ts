import type { StreamedBody } from '../nodes/client.ts';
import { stamp } from './markers.ts';
import type { PlacedBatch } from './placed-batch.ts';
import { Turns } from './turns.ts';

/** UTF-16 units of documents that are encoded at once. */
const pieceLength = 1 << 18;
/** Bytes up to which a body is made at once; the store keeps small ones. */
const wholeBytes = 1 << 18;

function* pieces({ documents, shards }: PlacedBatch, owned: ReadonlySet<number>, firstVersion: bigint) {
  let text = '[';
  let separator = '';
  for (let position = 0; position < shards.length; position++) {
    const shard = shards[position] as number;
    if (!owned.has(shard)) continue;
    text += separator + stamp(documents[position] as string, shard, firstVersion + BigInt(position));
    separator = ',';
    if (text.length < pieceLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}]`);
}

/** Bytes of the array of all documents of some shards. */
function byteLength({ bytes, ids }: PlacedBatch, owned: ReadonlySet<number>): number {
  let documents = 0;
  let sum = 0;
  for (const shard of owned) {
    documents += ids.get(shard)?.length ?? 0;
    sum += bytes[shard] ?? 0;
  }
  return sum + Math.max(0, documents - 1) + 2;
}

/** The same pieces, with a turn for others now and then. */
async function* unhurried(all: Iterable<Buffer>): AsyncGenerator<Buffer> {
  const turns = new Turns();
  for (const piece of all) {
    yield piece;
    await turns.next();
  }
}

/**
 * The body for one node: a JSON array of those documents of the batch whose shard it owns, in payload order, so that the last of
 * several versions wins there as well. Each carries its markers; the n-th document of the batch gets the n-th version from
 * `firstVersion` on, the same on every copy. A large body is made while it is sent, so that a batch takes no more memory for more copies.
 */
export function buildNodeBody(
  batch: PlacedBatch,
  owned: ReadonlySet<number>,
  firstVersion: bigint,
): Buffer | StreamedBody {
  const length = byteLength(batch, owned);
  if (length <= wholeBytes) return Buffer.concat([...pieces(batch, owned, firstVersion)]);
  return { byteLength: length, [Symbol.asyncIterator]: () => unhurried(pieces(batch, owned, firstVersion)) };
}
