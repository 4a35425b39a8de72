import { shardFilter } from '../documents/markers.ts';
import { shardOf } from '../placement/hash.ts';
import type { IndexRecord } from '../store/records.ts';
import { contentHash } from './canonical.ts';
import { compareSides, type ListedDocument } from './compare.ts';
import { createCopyReader } from './copy-reader.ts';
import { fetchDocuments } from './list-documents.ts';
import { documentsPath, type NodeAccess } from './node-access.ts';
import type { RepairProgress } from './progress.ts';
import type { Throttle } from './throttle.ts';
import { createUploads, type Uploads } from './uploads.ts';

/** What comparing copies on a node with those on other nodes is built from. */
export interface CopyComparisonOptions {
  access: NodeAccess;
  throttle: Throttle;
  timeoutMs: number;
  index: IndexRecord;
  /** Whose copies are put right. */
  nodeId: string;
  /** The node that each shard is compared with. */
  sources: ReadonlyMap<number, string>;
  progress: RepairProgress;
  /** Whether the copies are still to be put right. */
  still(): boolean;
  /** Told the id of each document that is about to be copied. */
  onCopy(id: string): void;
}

/** Compares copies, and makes those of the one node equal to those of the others. */
export interface CopyComparison {
  /** Compare whole shards. All documents are equal when it resolves, but those written meanwhile. */
  whole(shards: readonly number[], signal: AbortSignal): Promise<void>;
  /** Compare these documents; returns how many differed. All of them are equal when it resolves, unless written meanwhile. */
  some(ids: readonly string[], signal: AbortSignal): Promise<number>;
  /** Delete what the node has of other shards than these, which it holds: left by another disk. */
  deleteStrays(held: readonly number[], signal: AbortSignal): Promise<void>;
  /** Documents of some shards, on the sources and on the node. */
  count(shards: readonly number[], signal: AbortSignal): Promise<number>;
}

/** Documents whose ids and hashes are kept in memory at a time. */
export const maxEntries = 200_000;
const idsPerRequest = 500;

/** Shards by the node that they are compared with. */
function bySource(shards: Iterable<number>, sources: ReadonlyMap<number, string>): Map<string, number[]> {
  const grouped = new Map<string, number[]>();
  for (const shard of shards) {
    const source = sources.get(shard);
    if (source !== undefined) grouped.set(source, [...(grouped.get(source) ?? []), shard]);
  }
  return grouped;
}

/** Builds it. */
export function createCopyComparison(options: CopyComparisonOptions): CopyComparison {
  const { access, index, nodeId, sources, progress } = options;
  const reader = createCopyReader({
    ...options,
    onRead(documents, from) {
      progress.compared += documents;
      if (from === nodeId || progress.documents === null) return;
      progress.settled = Math.min(progress.documents, progress.settled + documents);
    },
  });

  /** Sends what `work` finds out, and resolves once the node has stored all of it. */
  async function sending<T>(signal: AbortSignal, work: (uploads: Uploads) => Promise<T>): Promise<T> {
    const uploads = createUploads({
      access,
      nodeId,
      index,
      signal,
      still: options.still,
      throttle: (documents) => options.throttle.take(documents, signal),
      onStored(copied, deleted, bytes) {
        progress.copied += copied;
        progress.deleted += deleted;
        progress.bytes += bytes;
      },
    });
    const result = await work(uploads);
    await uploads.end();
    return result;
  }

  async function copy(uploads: Uploads, document: ListedDocument): Promise<void> {
    options.onCopy(document.id);
    await uploads.add(document);
  }

  /** Shards in lists whose documents on the node fit into memory, as far as single shards do. */
  async function fitting(shards: readonly number[], signal: AbortSignal): Promise<(readonly number[])[]> {
    if (shards.length === 1 || (await reader.count(nodeId, shards, signal)) <= maxEntries) return [shards];
    const middle = shards.length >> 1;
    return [...(await fitting(shards.slice(0, middle), signal)), ...(await fitting(shards.slice(middle), signal))];
  }

  async function copyDifferences(uploads: Uploads, source: string, shards: readonly number[], signal: AbortSignal) {
    await compareSides(reader.side(source, shards, signal), reader.side(nodeId, shards, signal), maxEntries, {
      missing: (document) => copy(uploads, document),
      extra: (ids) => uploads.delete(ids),
    });
  }

  async function someFrom(
    uploads: Uploads,
    source: string,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<number> {
    const [there, here] = await Promise.all([reader.some(source, ids, signal), reader.some(nodeId, ids, signal)]);
    let differed = 0;
    for (const [id, document] of there) {
      const own = here.get(id);
      if (own !== undefined && contentHash(own.raw) === contentHash(document.raw)) continue;
      differed++;
      await copy(uploads, document);
    }
    const extra = [...here.keys()].filter((id) => !there.has(id));
    await uploads.delete(extra);
    return differed + extra.length;
  }

  async function countOnSources(shards: readonly number[], signal: AbortSignal): Promise<number> {
    let documents = 0;
    for (const [source, list] of bySource(shards, sources)) documents += await reader.count(source, list, signal);
    return documents;
  }

  async function count(shards: readonly number[], signal: AbortSignal): Promise<number> {
    return (await countOnSources(shards, signal)) + (await reader.count(nodeId, shards, signal));
  }

  return {
    count,
    async deleteStrays(held, signal) {
      const filter = `NOT ${shardFilter(held)}`;
      const request = { client: access.client(nodeId), index, primaryKey: '', timeoutMs: options.timeoutMs, signal };
      const { total } = await fetchDocuments(request, { limit: 0, filter });
      if (total === 0) return;
      const path = `${documentsPath(index)}/delete`;
      await access.write(nodeId, index, { method: 'POST', path, body: JSON.stringify({ filter }) }, signal);
      progress.deleted += total;
    },
    async whole(shards, signal) {
      if (shards.length === 0) return;
      const there = await countOnSources(shards, signal);
      progress.total = there + (await reader.count(nodeId, shards, signal));
      progress.compared = 0;
      // compared once more, the copies stay as far as they were
      progress.documents ??= there;
      if (progress.total === 0) return;
      await sending(signal, async (uploads) => {
        for (const [source, list] of bySource(shards, sources)) {
          for (const some of await fitting(list, signal)) await copyDifferences(uploads, source, some, signal);
        }
      });
      progress.settled = progress.documents;
    },
    async some(ids, signal) {
      if (ids.length === 0) return 0;
      const grouped = new Map<string, string[]>();
      for (const id of ids) {
        const source = sources.get(shardOf(id, index.shards));
        if (source !== undefined) grouped.set(source, [...(grouped.get(source) ?? []), id]);
      }
      return sending(signal, async (uploads) => {
        let differed = 0;
        for (const [source, list] of grouped) {
          for (let from = 0; from < list.length; from += idsPerRequest) {
            differed += await someFrom(uploads, source, list.slice(from, from + idsPerRequest), signal);
          }
        }
        return differed;
      });
    },
  };
}
