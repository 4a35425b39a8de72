import { hash64 } from '../placement/hash.ts';

/** Number of buckets; a document's is told by its id alone. */
export const bucketCount = 256;

/** The bucket of a document id. */
export function bucketOf(id: string): number {
  return Number(hash64(id) & 0xffn);
}

/** A set of documents folded into 256 numbers that do not depend on the order in which they come. */
export interface Fingerprint {
  readonly documents: number;
  add(id: string, content: bigint): void;
  /** Documents in a bucket. */
  count(bucket: number): number;
  /** Whether a bucket holds the same documents in both. */
  sameBucket(other: Fingerprint, bucket: number): boolean;
  /** Buckets that differ, ascending. */
  differing(other: Fingerprint): number[];
  /** The fold of one bucket, for `sameBucket`. */
  fold(bucket: number): bigint;
}

const mask = (1n << 64n) - 1n;

/**
 * An empty fingerprint. Each document counts with xxh64 of its id and content; the sum, unlike an exclusive or, also tells one
 * document from three of the same.
 */
export function createFingerprint(): Fingerprint {
  const folds = new BigUint64Array(bucketCount);
  const counts = new Uint32Array(bucketCount);
  let documents = 0;
  return {
    get documents() {
      return documents;
    },
    add(id, content) {
      const bucket = bucketOf(id);
      folds[bucket] = ((folds[bucket] ?? 0n) + hash64(`${content} ${id}`)) & mask;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      documents++;
    },
    count: (bucket) => counts[bucket] ?? 0,
    fold: (bucket) => folds[bucket] ?? 0n,
    sameBucket(other, bucket) {
      return counts[bucket] === other.count(bucket) && folds[bucket] === other.fold(bucket);
    },
    differing(other) {
      return Array.from({ length: bucketCount }, (_, bucket) => bucket).filter(
        (bucket) => !this.sameBucket(other, bucket),
      );
    },
  };
}

/** Splits buckets into groups of at most `most` documents each (a bucket that is larger goes alone); `count` tells a bucket's documents. */
export function groupBuckets(
  buckets: readonly number[],
  count: (bucket: number) => number,
  most: number,
): Set<number>[] {
  const groups: Set<number>[] = [];
  let current = new Set<number>();
  let held = 0;
  for (const bucket of buckets) {
    const documents = count(bucket);
    if (current.size > 0 && held + documents > most) {
      groups.push(current);
      current = new Set();
      held = 0;
    }
    current.add(bucket);
    held += documents;
  }
  if (current.size > 0) groups.push(current);
  return groups;
}
