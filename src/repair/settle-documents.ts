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
import { allAtOnce } from './signals.ts';
import { sendable } from './uploads.ts';

/** What putting copies right that should all be right is built from. */
export interface SettleOptions {
  store: Pick<Store, 'deletions'>;
  access: NodeAccess;
  timeoutMs: number;
}

/** What was decided about a document that differed, and how many copies it changes. */
export interface Finding {
  decision: Exclude<Decision, { kind: 'equal' | 'ask' }>;
  copies: number;
}

/** Findings by document id; the first one stands when a document is looked at again. */
export type Findings = Map<string, Finding>;

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

/** The nodes whose copies are changed. */
function changedCopies(decision: Decision, copies: readonly HeldDocument[]): string[] {
  if (decision.kind === 'delete') return copies.filter(({ version }) => version !== null).map(({ nodeId }) => nodeId);
  if (decision.kind !== 'write') return [];
  const winner = copies.find(({ nodeId }) => nodeId === decision.from);
  return copies.filter(({ content }) => content !== winner?.content).map(({ nodeId }) => nodeId);
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
  found: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { access } = options;
  const held: Held[] = await allAtOnce(nodes, signal, (node, own) => reader.some(node, ids, own));
  const deletions = await options.store.deletions(index.id, ids);
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
    if (decision.kind === 'equal' || decision.kind === 'ask') continue;
    const changed = changedCopies(decision, copies);
    if (!found.has(id)) found.set(id, { decision, copies: changed.length });
    const raw = decision.kind === 'write' ? held[nodes.indexOf(decision.from)]?.get(id)?.raw : undefined;
    for (const node of changed) {
      if (raw === undefined) plan(deletes, node, id);
      else plan(writes, node, sendable(raw));
    }
  }

  const path = documentsPath(index);
  await Promise.all([
    ...[...writes].map(async ([node, raws]) => {
      await access.write(node, index, { method: 'POST', path, body: Buffer.from(`[${raws.join(',')}]`) }, signal);
    }),
    ...[...deletes].map(async ([node, gone]) => {
      const body = JSON.stringify(gone);
      await access.write(node, index, { method: 'POST', path: `${path}/delete-batch`, body }, signal);
    }),
  ]);
}
