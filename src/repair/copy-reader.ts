import { shardFilter } from '../documents/markers.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ListedDocument, Side } from './compare.ts';
import { fetchDocuments, listDocuments, RepairError } from './list-documents.ts';
import type { NodeAccess } from './node-access.ts';
import type { Throttle } from './throttle.ts';

/** What reading copies of an index is built from. */
export interface CopyReaderOptions {
  access: NodeAccess;
  throttle: Throttle;
  /** Milliseconds a node may take for one page. */
  timeoutMs: number;
  index: IndexRecord;
  onRead(documents: number, nodeId: string): void;
}

/** Reads documents of one index from any node, embeddings included. */
export interface CopyReader {
  /** All documents of some shards, page by page, see `listDocuments`. */
  side(nodeId: string, shards: readonly number[], signal: AbortSignal): Side;
  /** Those of these documents that the node has. */
  some(nodeId: string, ids: readonly string[], signal: AbortSignal): Promise<Map<string, ListedDocument>>;
  /** How many documents of some shards the node has. */
  count(nodeId: string, shards: readonly number[], signal: AbortSignal): Promise<number>;
}

const pageBytes = 4 * 1024 * 1024;

/** Builds it. */
export function createCopyReader({ access, throttle, timeoutMs, index, onRead }: CopyReaderOptions): CopyReader {
  function target(nodeId: string, signal: AbortSignal) {
    const primaryKey = index.primaryKey ?? index.acceptedPrimaryKey;
    if (primaryKey === null) throw new RepairError(nodeId, `index ${index.uid} has no primary key`);
    return { client: access.client(nodeId), index, primaryKey, timeoutMs, signal };
  }

  return {
    side: (nodeId, shards, signal) => ({
      read: () =>
        listDocuments({
          ...target(nodeId, signal),
          shards,
          pageBytes,
          async throttle(documents) {
            onRead(documents, nodeId);
            await throttle.take(documents, signal);
          },
        }),
    }),
    async some(nodeId, ids, signal) {
      const { documents } = await fetchDocuments(target(nodeId, signal), { ids, limit: ids.length });
      return new Map(documents.map((document) => [document.id, document]));
    },
    async count(nodeId, shards, signal) {
      const request = { client: access.client(nodeId), index, primaryKey: '', timeoutMs, signal };
      return (await fetchDocuments(request, { limit: 0, filter: shardFilter(shards) })).total;
    },
  };
}
