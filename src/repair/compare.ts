import { contentHash } from './canonical.ts';
import { bucketOf, createFingerprint, type Fingerprint, groupBuckets } from './fingerprint.ts';

/** A document as a node lists it. */
export interface ListedDocument {
  id: string;
  raw: string;
}

/** One side of a comparison; can be read again and again, in any order of documents. */
export interface Side {
  read(): AsyncIterable<readonly ListedDocument[]>;
}

/** What to do about differences. */
export interface Differences {
  /** The document is not on the target, or is another there. May be told twice of one document. */
  missing(document: ListedDocument): Promise<void>;
  /** These are on the target only. */
  extra(ids: readonly string[]): Promise<void>;
}

interface Entries {
  /** Content by id; null once there were more than fit. */
  known: Map<string, bigint> | null;
  fingerprint: Fingerprint;
}

/** One reading of the target: everything as long as it fits, and its fingerprint in any case. */
async function readTarget(target: Side, maxEntries: number): Promise<Entries> {
  const fingerprint = createFingerprint();
  let known: Map<string, bigint> | null = new Map();
  for await (const page of target.read()) {
    for (const { id, raw } of page) {
      const content = contentHash(raw);
      fingerprint.add(id, content);
      known?.set(id, content);
    }
    if (known !== null && known.size > maxEntries) known = null;
  }
  return { known, fingerprint };
}

/** One reading of the source against what the target has. */
async function judge(source: Side, known: Map<string, bigint>, wanted: (id: string) => boolean, found: Differences) {
  let documents = 0;
  for await (const page of source.read()) {
    for (const document of page) {
      if (!wanted(document.id)) continue;
      documents++;
      const content = known.get(document.id);
      if (content === undefined || content !== contentHash(document.raw)) await found.missing(document);
      known.delete(document.id);
    }
  }
  await found.extra([...known.keys()]);
  return documents;
}

async function foldOf(side: Side): Promise<Fingerprint> {
  const fingerprint = createFingerprint();
  for await (const page of side.read()) {
    for (const { id, raw } of page) fingerprint.add(id, contentHash(raw));
  }
  return fingerprint;
}

/**
 * Compares two sets of documents and tells how the target differs. While the target's ids and content hashes fit into memory
 * (`maxEntries`), each side is read once. Otherwise both are folded into buckets by id first, and only buckets that differ are
 * read again, as many at a time as fit: Meilisearch cannot filter by bucket, so a reading costs the same however few are wanted,
 * and what counts is the number of readings. Returns the number of documents on the source.
 */
export async function compareSides(
  source: Side,
  target: Side,
  maxEntries: number,
  found: Differences,
): Promise<number> {
  const { known, fingerprint } = await readTarget(target, maxEntries);
  if (known !== null) return judge(source, known, () => true, found);
  const wanted = await foldOf(source);
  for (const group of groupBuckets(wanted.differing(fingerprint), (bucket) => fingerprint.count(bucket), maxEntries)) {
    const inGroup = (id: string) => group.has(bucketOf(id));
    const entries = new Map<string, bigint>();
    for await (const page of target.read()) {
      for (const { id, raw } of page) if (inGroup(id)) entries.set(id, contentHash(raw));
    }
    await judge(source, entries, inGroup, found);
  }
  return wanted.documents;
}
