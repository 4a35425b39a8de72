import type { StreamedBody } from '../nodes/client.ts';
import { stamp, stampedBytes } from './markers.ts';
import type { RawDocument } from './payload.ts';

/** UTF-16 units of documents that are encoded at once. */
const pieceLength = 1 << 18;
/** Bytes up to which a body is made at once; the store keeps small ones. */
const wholeBytes = 1 << 18;

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

/** What the bodies for the nodes are made from. */
export interface StampedBatch {
  documents: readonly RawDocument[];
  /** Each document's shard. */
  shards: readonly number[];
  /** The n-th document of the batch gets the n-th version from this on, the same on every copy. */
  firstVersion: bigint;
}

/** The documents of some shards, each stamped when it is its turn to be sent. */
class DocumentsBody implements StreamedBody {
  readonly byteLength: number;
  readonly #batch: StampedBatch;
  /** Of the documents that belong here. */
  readonly #positions: number[];

  constructor(batch: StampedBatch, owned: ReadonlySet<number>) {
    this.#batch = batch;
    this.#positions = [...batch.shards.keys()].filter((position) => owned.has(batch.shards[position] as number));
    const commas = Math.max(0, this.#positions.length - 1);
    this.byteLength = this.#positions.reduce(
      (sum, position) => sum + stampedBytes(batch.documents[position] as string),
      2 + commas,
    );
  }

  *[Symbol.iterator](): Generator<Buffer> {
    const { documents, shards, firstVersion } = this.#batch;
    let text = '[';
    let separator = '';
    for (const position of this.#positions) {
      const version = firstVersion + BigInt(position);
      text += separator + stamp(documents[position] as string, shards[position] as number, version);
      separator = ',';
      if (text.length < pieceLength) continue;
      yield Buffer.from(text);
      text = '';
    }
    yield Buffer.from(`${text}]`);
  }
}

/**
 * The body for one node: a JSON array of those documents of the batch whose shard it owns, in payload order, so that the last of
 * several versions wins there as well, each with its markers. A large one is made while it is sent, so that a batch takes no more
 * memory for more copies.
 */
export function buildNodeBody(batch: StampedBatch, owned: ReadonlySet<number>): Buffer | StreamedBody {
  const body = new DocumentsBody(batch, owned);
  return body.byteLength > wholeBytes ? body : Buffer.concat([...body]);
}
