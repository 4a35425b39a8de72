import { shardFilter, versionField } from '../documents/markers.ts';
import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { elements, type Member, members } from '../json/scan.ts';
import type { NodeClient } from '../nodes/client.ts';
import { shownMembers } from '../search/merge/fields.ts';
import type { IndexRecord } from '../store/records.ts';

/** A document as a client would see it, and the text that orders it among those of other nodes; ascending in each node's list. */
export interface DumpedDocument {
  text: string;
  position: string;
}

/** What to read from one node. */
export interface NodeStreamOptions {
  client: Pick<NodeClient, 'id' | 'request'>;
  index: IndexRecord;
  /** Shards wanted; null when the node holds no others. */
  shards: readonly number[] | null;
  /** As clients write filters; null passes every document. */
  filter: unknown;
  /** Bytes that a page should about have. */
  pageBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
}

/** The node did not answer as expected; another copy may. */
export class NodeStreamError extends Error {
  readonly nodeId: string;

  constructor(nodeId: string, message: string) {
    super(`node ${nodeId}: ${message}`);
    this.name = 'NodeStreamError';
    this.nodeId = nodeId;
  }
}

const firstPage = 200;
const largestPage = 20_000;

function field(text: string, list: readonly Member[], name: string): string {
  const member = list.find(({ key }) => key === name);
  return member === undefined ? '' : text.slice(member.valueStart, member.valueEnd);
}

interface Page {
  raws: string[];
  versions: string[];
  total: number;
  bytes: number;
}

function readPage(text: string, nodeId: string): Page {
  const parts = members(text);
  const results = parts.find(({ key }) => key === 'results');
  if (results === undefined) throw new NodeStreamError(nodeId, 'no list of documents');
  const raws = elements(text, results.valueStart);
  const versions = raws.map((raw) => field(raw, members(raw), versionField));
  return { raws, versions, total: Number(field(text, parts, 'total')), bytes: text.length };
}

/**
 * Where documents stand among those of other nodes: each at the lowest version from itself on. A document that was
 * updated has a late version but kept its place, which is thus told by the next one that was not.
 */
export function positions(versions: readonly string[], following: readonly string[]): string[] {
  let lowest: string | null = null;
  const lower = (version: string): string => (lowest === null || version < lowest ? version : lowest);
  for (const version of following) lowest = lower(version);
  const found: string[] = [];
  for (let i = versions.length - 1; i >= 0; i--) {
    lowest = lower(versions[i] ?? '');
    found[i] = lowest;
  }
  return found;
}

/** A node that is asked for vectors adds an empty object where there are none; a server's own dump has nothing there. */
function isAddedByNode(raw: string, { key, valueStart, valueEnd }: Member): boolean {
  return key === '_vectors' && raw.slice(valueStart, valueEnd) === '{}';
}

function shown(raw: string): string {
  const list = members(raw).filter((member) => !isAddedByNode(raw, member));
  return `{${shownMembers(raw, list, null, []).join(',')}}`;
}

/** The pages of a node's list, one after the other. */
async function* pages(options: NodeStreamOptions): AsyncGenerator<Page> {
  const { client, index, shards, signal } = options;
  const path = `/indexes/${encodeURIComponent(index.physicalUid)}/documents/fetch`;
  const own = shards === null ? [] : [shardFilter(shards)];
  const user = options.filter === null ? [] : Array.isArray(options.filter) ? options.filter : [options.filter];
  const filter = own.length === 0 ? options.filter : [...user, ...own];
  let total: number | null = null;
  let limit = firstPage;
  for (let offset = 0; total === null || offset < total; ) {
    const body = JSON.stringify({ offset, limit, retrieveVectors: true, filter });
    const answer = await client.request({ method: 'POST', path, body, timeoutMs: options.timeoutMs, signal });
    if (answer.status === 400 && options.filter !== null) {
      const { code, message } = JSON.parse(answer.text) as ErrorBody;
      throw new ApiError(code, message);
    }
    if (answer.status !== 200) {
      throw new NodeStreamError(client.id, `HTTP ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    const page = readPage(answer.text, client.id);
    total ??= page.total;
    if (page.total !== total) throw new NodeStreamError(client.id, 'documents were written while they were read');
    if (page.raws.length === 0) {
      if (offset < total) throw new NodeStreamError(client.id, 'the list ended too early');
      return;
    }
    offset += page.raws.length;
    const perDocument = page.bytes / page.raws.length;
    limit = Math.max(1, Math.min(largestPage, Math.floor(options.pageBytes / perDocument)));
    yield page;
  }
}

/**
 * All documents of some shards of a node, in the node's own order, with embeddings. Three pages are in memory at most: the
 * one read from, the one after it, and one under way. The index must not change meanwhile: a total that moves is an error.
 */
export async function* nodeDocuments(options: NodeStreamOptions): AsyncGenerator<DumpedDocument> {
  const source = pages(options);
  const ahead = () => {
    const page = source.next();
    page.catch(() => undefined);
    return page;
  };
  let next = ahead();
  try {
    let current = await next;
    next = ahead();
    while (current.done !== true) {
      const following = await next;
      next = ahead();
      const page = current.value;
      const order = positions(page.versions, following.done === true ? [] : following.value.versions);
      for (const [i, raw] of page.raws.entries()) yield { text: shown(raw), position: order[i] ?? '' };
      current = following;
    }
  } finally {
    await next.catch(() => undefined);
    await source.return(undefined);
  }
}
