import type { NodeRequest, NodeResponse } from '../nodes/client.ts';
import type { PartRecord } from '../store/records.ts';

/** What a node's answer to a write says. */
export type WriteReply =
  /** It is in the node's task queue. */
  | { kind: 'taken'; uid: number; enqueuedAt: string | null }
  /** The request is wrong; every node will say so. */
  | { kind: 'refused'; error: string }
  /** The node has trouble of its own and did not take it, for example no room on its disk. */
  | { kind: 'declined' }
  /** It was not sent. */
  | { kind: 'unsent' }
  /** No answer, or none that can be believed: the node may have taken it. `cut`: what was in between broke off. */
  | { kind: 'lost'; cut: boolean };

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/**
 * Reads a node's answer to a write. Only an error of Meilisearch's type `invalid_request` is the client's. What is no
 * answer of Meilisearch comes from something in between and tells nothing, nor does a 5xx.
 */
export function readReply({ status, text }: NodeResponse): WriteReply {
  const body = parse(text);
  if (status >= 200 && status < 300 && Number.isInteger(body?.taskUid)) {
    const { taskUid, enqueuedAt } = body as { taskUid: number; enqueuedAt?: unknown };
    return { kind: 'taken', uid: taskUid, enqueuedAt: typeof enqueuedAt === 'string' ? enqueuedAt : null };
  }
  if (typeof body?.code !== 'string') return { kind: 'lost', cut: true };
  if (status < 400 || status >= 500) return { kind: 'lost', cut: false };
  return body.type === 'invalid_request' ? { kind: 'refused', error: text } : { kind: 'declined' };
}

/**
 * Whether a request may reach a node twice in a row without harm. Functions may count up, and an index that exists cannot
 * be created again.
 */
export function isRepeatable({ method, path }: NodeRequest): boolean {
  return !(method === 'POST' && (path === '/indexes' || path.endsWith('/documents/edit')));
}

/** A part as it stands after its request, if anything is known of it. */
export function settledPart(part: PartRecord, status: PartRecord['status'], reply?: WriteReply): PartRecord {
  return {
    ...part,
    request: null,
    status,
    nodeTaskUid: reply?.kind === 'taken' ? reply.uid : null,
    nodeEnqueuedAt: reply?.kind === 'taken' ? reply.enqueuedAt : null,
    error: reply?.kind === 'refused' ? reply.error : null,
  };
}
