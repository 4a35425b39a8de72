import { versionField } from '../documents/markers.ts';
import { rawFields } from '../json/scan.ts';
import type { IndexRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { contentHash } from './canonical.ts';
import type { ListedDocument } from './compare.ts';
import type { CopyReader } from './copy-reader.ts';
import { type Decision, decide, type HeldDocument } from './decide.ts';
import { fetchDocuments } from './list-documents.ts';
import { documentsPath, type NodeAccess } from './node-access.ts';
import { sendable } from './uploads.ts';

/** What putting copies right that should all be right is built from. */
export interface SettleOptions {
  store: Pick<Store, 'deletions'>;
  access: NodeAccess;
  timeoutMs: number;
}

/** How many documents were found to differ, and what was done about them. */
export interface Settled {
  differed: number;
  /** Copies of documents that were written or deleted. */
  written: number;
  deleted: number;
  guessed: number;
  undecided: number;
}

export const nothingSettled = (): Settled => ({ differed: 0, written: 0, deleted: 0, guessed: 0, undecided: 0 });

type Held = Map<string, ListedDocument>;

function heldBy(nodeId: string, document: ListedDocument | undefined): HeldDocument {
  if (document === undefined) return { nodeId, version: null, content: 0n };
  const version = rawFields(document.raw).get(versionField);
  return {
    nodeId,
    version: version?.startsWith('"') === true ? (JSON.parse(version) as string) : '',
    content: contentHash(document.raw),
  };
}

/**
 * Compares documents of some copies once more and makes them equal. To be called while nothing writes to the index and the nodes
 * have applied everything.
 */
export async function settleDocuments(
  options: SettleOptions,
  reader: CopyReader,
  index: IndexRecord,
  nodes: readonly string[],
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Settled> {
  const { access } = options;
  const held: Held[] = await Promise.all(nodes.map((node) => reader.some(node, ids, signal)));
  const deletions = await options.store.deletions(index.id, ids);
  const settled = nothingSettled();
  const writes = new Map<string, string[]>();
  const deletes = new Map<string, string[]>();
  const plan = (to: Map<string, string[]>, node: string, what: string) => to.set(node, [...(to.get(node) ?? []), what]);

  /** Whether a filter passes the document; null when the node cannot tell. */
  async function passes(decision: Extract<Decision, { kind: 'ask' }>, id: string): Promise<boolean | null> {
    const client = access.client(decision.from);
    const request = { client, index, primaryKey: '', timeoutMs: options.timeoutMs, signal };
    for (const filter of decision.filters) {
      const body = { ids: [id], limit: 0, filter: JSON.parse(filter) as unknown };
      const found = await fetchDocuments(request, body).catch(() => null);
      if (found === null || found.total > 0) return found === null ? null : true;
    }
    return false;
  }

  async function resolve(id: string, decision: Decision): Promise<Decision> {
    if (decision.kind !== 'ask') return decision;
    const deleted = await passes(decision, id);
    if (deleted === null) return { kind: 'undecided' };
    return deleted ? { kind: 'delete' } : { kind: 'write', from: decision.from, guessed: false };
  }

  for (const id of ids) {
    const copies = nodes.map((node, i) => heldBy(node, held[i]?.get(id)));
    const decision = await resolve(id, decide(id, copies, deletions));
    if (decision.kind === 'equal') continue;
    settled.differed++;
    if (decision.kind === 'undecided') settled.undecided++;
    if (decision.kind === 'delete')
      for (const { nodeId, version } of copies) if (version !== null) plan(deletes, nodeId, id);
    if (decision.kind !== 'write') continue;
    if (decision.guessed) settled.guessed++;
    const winner = copies.find(({ nodeId }) => nodeId === decision.from);
    const raw = held[nodes.indexOf(decision.from)]?.get(id)?.raw;
    if (raw === undefined) continue;
    for (const { nodeId, content } of copies) if (content !== winner?.content) plan(writes, nodeId, sendable(raw));
  }

  const path = documentsPath(index);
  await Promise.all([
    ...[...writes].map(async ([node, raws]) => {
      await access.write(node, index, { method: 'POST', path, body: Buffer.from(`[${raws.join(',')}]`) }, signal);
      settled.written += raws.length;
    }),
    ...[...deletes].map(async ([node, gone]) => {
      const body = JSON.stringify(gone);
      await access.write(node, index, { method: 'POST', path: `${path}/delete-batch`, body }, signal);
      settled.deleted += gone.length;
    }),
  ]);
  return settled;
}
