import { members } from '../json/scan.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ListedDocument } from './compare.ts';
import { documentsPath, type NodeAccess } from './node-access.ts';

/** Documents on their way to a node. */
export interface Uploads {
  /** Take a document; waits while enough is on its way. */
  add(document: ListedDocument): Promise<void>;
  /** Delete these documents, behind those added so far. */
  delete(ids: readonly string[]): Promise<void>;
  /** Resolves once the node has stored everything taken. */
  end(): Promise<void>;
}

/** What to send where; called back with what was stored. */
export interface UploadOptions {
  access: NodeAccess;
  nodeId: string;
  index: IndexRecord;
  signal: AbortSignal;
  /** Whether the documents are still wanted on the node, asked just before each batch is sent. */
  still(): boolean;
  throttle(documents: number): Promise<void>;
  onStored(copied: number, deleted: number, bytes: number): void;
}

const batchDocuments = 5_000;
const batchLength = 4 * 1024 * 1024;
const idsPerDeletion = 10_000;
/** Batches that the node has taken but not worked off: one is worked on while the next is read. */
const mostPending = 2;

/** A document's text as it is sent to a node: without the empty object that a node adds where there are no embeddings. */
export function sendable(raw: string): string {
  const list = members(raw);
  const added = list.findIndex(
    ({ key, valueStart, valueEnd }) => key === '_vectors' && raw.slice(valueStart, valueEnd) === '{}',
  );
  if (added === -1) return raw;
  const kept = list.filter((_, i) => i !== added).map((member) => raw.slice(member.keyStart, member.valueEnd));
  return `{${kept.join(',')}}`;
}

/** Sends documents in batches, each a task of the node that is waited for. Replaces whole documents. */
export function createUploads(options: UploadOptions): Uploads {
  const { access, nodeId, index, signal } = options;
  let batch: string[] = [];
  let length = 0;
  let pending: Promise<void>[] = [];

  async function track(work: Promise<void>): Promise<void> {
    work.catch(() => undefined);
    pending.push(work);
    if (pending.length >= mostPending) await pending.shift();
  }

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    const documents = batch.length;
    const body = Buffer.from(`[${batch.join(',')}]`);
    const request = { method: 'POST', path: documentsPath(index), body } as const;
    batch = [];
    length = 0;
    await options.throttle(documents);
    await track(
      access
        .write(nodeId, index, request, signal, options.still)
        .then(() => options.onStored(documents, 0, body.length)),
    );
  }

  async function drain(): Promise<void> {
    await Promise.all(pending);
    pending = [];
  }

  return {
    async add({ raw }) {
      const text = sendable(raw);
      batch.push(text);
      length += text.length;
      if (batch.length >= batchDocuments || length >= batchLength) await flush();
    },
    async delete(ids) {
      await flush();
      for (let from = 0; from < ids.length; from += idsPerDeletion) {
        const some = ids.slice(from, from + idsPerDeletion);
        const path = `${documentsPath(index)}/delete-batch`;
        const request = { method: 'POST', path, body: JSON.stringify(some) } as const;
        await track(
          access.write(nodeId, index, request, signal, options.still).then(() => options.onStored(0, some.length, 0)),
        );
      }
    },
    async end() {
      await flush();
      await drain();
    },
  };
}
