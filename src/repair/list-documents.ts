import { scanDocument } from '../documents/fields.ts';
import { documentId } from '../documents/ids.ts';
import { shardFilter } from '../documents/markers.ts';
import { nodePath } from '../indexes/prepare.ts';
import { elements, members } from '../json/scan.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ListedDocument } from './compare.ts';

/** What to list. */
export interface ListOptions {
  client: Pick<NodeClient, 'id' | 'request'>;
  index: IndexRecord;
  primaryKey: string;
  /** Only documents of these shards. */
  shards: readonly number[];
  /** Bytes that a page should about have. */
  pageBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
  /** Waits until that many documents more may be read. */
  throttle(documents: number): Promise<void>;
}

/** A node did not answer a repair as expected. */
export class RepairError extends Error {
  constructor(nodeId: string, message: string) {
    super(`node ${nodeId}: ${message}`);
    this.name = 'RepairError';
  }
}

const firstPage = 200;
const largestPage = 5_000;

/** The document and its id. Throws when the node lists something that is no document of the index. */
export function listed(raw: string, primaryKey: string, nodeId: string): ListedDocument {
  const result = documentId(raw, primaryKey, scanDocument(raw, primaryKey).wanted);
  if (!result.ok)
    throw new RepairError(nodeId, `a document without a usable id: ${result.error.message.slice(0, 200)}`);
  return { id: result.id, raw };
}

/** One request of `POST /documents/fetch`, embeddings included. */
export async function fetchDocuments(
  options: Pick<ListOptions, 'client' | 'index' | 'primaryKey' | 'timeoutMs' | 'signal'>,
  body: Record<string, unknown>,
): Promise<{ documents: ListedDocument[]; total: number; bytes: number }> {
  const { client, index } = options;
  const answer = await client.request({
    method: 'POST',
    path: nodePath(index, '/documents/fetch'),
    body: JSON.stringify({ retrieveVectors: true, ...body }),
    timeoutMs: options.timeoutMs,
    signal: options.signal,
  });
  if (answer.status !== 200) throw new RepairError(client.id, `HTTP ${answer.status} ${answer.text.slice(0, 300)}`);
  const parts = members(answer.text);
  const results = parts.find(({ key }) => key === 'results');
  const total = parts.find(({ key }) => key === 'total');
  if (results === undefined || total === undefined) throw new RepairError(client.id, 'no list of documents');
  const raws = elements(answer.text, results.valueStart);
  return {
    documents: raws.map((raw) => listed(raw, options.primaryKey, client.id)),
    total: Number(answer.text.slice(total.valueStart, total.valueEnd)),
    bytes: answer.text.length,
  };
}

/** Ids of the documents read last, by which the place in a moving list is found again. */
const remembered = 20_000;
/** Documents read again when the list has moved; four times as many with each further attempt. */
const firstStepBack = 100;

/** Where reading goes on in a page that begins with documents read before: behind the first run of them. Null when it does not begin so. */
export function resumeAt(ids: readonly string[], read: ReadonlySet<string>): number | null {
  const first = ids.findIndex((id) => !read.has(id));
  if (ids.length === 0 || first === 0) return null;
  return first === -1 ? ids.length : first;
}

function remember(read: Set<string>, ids: readonly string[]): void {
  for (const id of ids) {
    read.delete(id);
    read.add(id);
  }
  for (const id of read) {
    if (read.size <= remembered) return;
    read.delete(id);
  }
}

/**
 * The documents of some shards of a node, page by page, while writes go on. Every document that is there all the time and is
 * not written comes at least once: a page begins with the last document of the one before, and where it does not, because
 * documents before it have gone or come, reading goes back until it meets what it has read (a document keeps its place in the
 * list). Documents that are written meanwhile may come or not.
 */
export async function* listDocuments(options: ListOptions): AsyncGenerator<readonly ListedDocument[]> {
  const filter = shardFilter(options.shards);
  const read = new Set<string>();
  let limit = firstPage;
  let back = 0;
  for (let position = 0; ; ) {
    const offset = Math.max(0, position - back);
    const asked = limit + position - offset;
    const { documents, bytes } = await fetchDocuments(options, { filter, offset, limit: asked });
    const ids = documents.map(({ id }) => id);
    const resume = offset === 0 && position === 0 ? 0 : resumeAt(ids, read);
    if (resume === null && offset > 0) {
      back = back === 1 ? firstStepBack : back * 4;
      continue;
    }
    const fresh = documents.slice(resume ?? 0);
    if (fresh.length > 0) {
      await options.throttle(fresh.length);
      remember(read, ids);
      yield fresh;
    }
    if (ids.length < asked) return;
    position = offset + ids.length;
    back = 1;
    limit = Math.max(1, Math.min(largestPage, Math.floor((options.pageBytes * ids.length) / Math.max(1, bytes))));
  }
}
