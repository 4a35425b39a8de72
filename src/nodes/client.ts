import { errors, Pool } from 'undici';
import { type Bytes, bytesIn, bytesOf, textOf } from '../json/byte-text.ts';
import type { Abortable } from './cancellation.ts';
import type { ReadAnswer } from './read-connection.ts';
import { ReadConnections } from './read-connections.ts';
import { wholeAnswer } from './whole-answer.ts';

/** A body that is made piece by piece while it is sent, anew for each attempt, so that it never stands in memory as a whole. */
export interface StreamedBody extends AsyncIterable<Buffer> {
  /** Of all pieces together. */
  readonly byteLength: number;
}

/** Whether a body is one of those. */
export const isStreamed = (body: string | Buffer | StreamedBody): body is StreamedBody =>
  typeof body !== 'string' && !Buffer.isBuffer(body);

/** One request to a node. */
export interface NodeRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with its query string, for example `/indexes/x/documents?primaryKey=id`. */
  path: string;
  body?: string | Buffer | StreamedBody;
  /** Defaults to `application/json` when there is a body. */
  contentType?: string;
  /** Milliseconds until the answer's headers must be here, and again for its body. */
  timeoutMs?: number;
  signal?: Abortable;
  /** A 200 answer is wanted as bytes, which costs a fraction of decoding it. */
  asBytes?: boolean;
  /** Send it over a new connection, so that a connection that breaks was cut during this request, not before. */
  ownConnection?: boolean;
}

/** A node's answer, whatever its status. */
export interface NodeResponse {
  status: number;
  /** Decoded; empty when there are `bytes`. */
  text: string;
  /** In place of the text when the request said `asBytes` and the status is 200. */
  bytes?: Bytes;
  /** Seconds, when the node asked to be left alone. */
  retryAfter?: string;
}

/** An answer's bytes, also of one that was decoded. */
export const bytesOfAnswer = ({ bytes, text }: NodeResponse): Bytes => bytes ?? bytesOf(text);

/** The answer as its callers get it. */
function responseOf({ status, body, retryAfter }: Exclude<ReadAnswer, 'other'>, asBytes: boolean): NodeResponse {
  if (asBytes && status === 200) return { status, text: '', bytes: body };
  const text = typeof body === 'string' ? textOf(body) : body.toString();
  return retryAfter === undefined ? { status, text } : { status, text, retryAfter };
}

/** The node gave no usable answer. `refused`: it certainly did not take the request; otherwise it may have. */
export class NodeError extends Error {
  readonly nodeId: string;
  readonly kind: 'refused' | 'timeout' | 'broken' | 'aborted';

  constructor(nodeId: string, kind: NodeError['kind'], message: string, cause?: unknown) {
    super(`node ${nodeId}: ${message}`, { cause });
    this.name = 'NodeError';
    this.nodeId = nodeId;
    this.kind = kind;
  }
}

/** Speaks HTTP to one Meilisearch node. Every domain talks to nodes through this one verb. */
export interface NodeClient {
  readonly id: string;
  /** Resolves with any HTTP answer; rejects with `NodeError` when there was none. */
  request(request: NodeRequest): Promise<NodeResponse>;
  close(): Promise<void>;
}

/** What a client is built from. */
export interface NodeClientOptions {
  id: string;
  address: string;
  /** The node's master key; absent when the node runs without one. */
  apiKey?: string;
  /** Milliseconds, used when a request names none. */
  timeoutMs: number;
  /** Connections kept per node. */
  connections?: number;
  /** Called after each attempt, for health and metrics; `error` is absent when the node answered. */
  onOutcome?: (outcome: {
    nodeId: string;
    method: string;
    durationMs: number;
    status?: number;
    error?: NodeError;
  }) => void;
}

const refusedCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
/** Routes whose body a node may leave unread; `/documents/fetch` takes its own before it refuses anything but a content type. */
const documentPath = /\/documents(\/(?!fetch$)|\?|$)/;
const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function toNodeError(nodeId: string, error: unknown): NodeError {
  const cause = error as { code?: string; name?: string; message?: string; errors?: { code?: string }[] };
  const code = cause.code ?? cause.errors?.[0]?.code ?? '';
  if (cause.name === 'AbortError') return new NodeError(nodeId, 'aborted', 'request aborted', error);
  if (refusedCodes.has(code)) return new NodeError(nodeId, 'refused', `cannot connect (${code})`, error);
  if (timeoutCodes.has(code)) return new NodeError(nodeId, 'timeout', 'no answer in time', error);
  return new NodeError(nodeId, 'broken', cause.message ?? String(error), error);
}

/** The pieces of a body while there is time; undici's own timeout begins anew with each of them. */
async function* within(ms: number, body: StreamedBody): AsyncGenerator<Buffer> {
  const end = performance.now() + ms;
  for await (const piece of body) {
    if (performance.now() > end) throw new errors.HeadersTimeoutError();
    yield piece;
  }
}

/** A body as undici takes it: its types do not tell that it takes whatever can be iterated. */
function sendable(body: NodeRequest['body'], timeoutMs: number): string | Buffer | null {
  if (body === undefined) return null;
  return isStreamed(body) ? (within(timeoutMs, body) as unknown as Buffer) : body;
}

/**
 * A client over a keep-alive pool. Two habits of Meilisearch shape it (reference, sections 0 and 13): compressed answers
 * stall for 44 ms, so `identity` is asked for; and a connection on which the node answered without reading the body hangs
 * on its next request, so document payloads go over connections that are closed afterwards.
 */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  const pool = new Pool(options.address, {
    connections: options.connections ?? 64,
    connect: { timeout: Math.min(options.timeoutMs, 5_000) },
    keepAliveTimeout: 30_000,
    pipelining: 1,
  });
  // every request on it closes its connection
  const fresh = new Pool(options.address, {
    connections: options.connections ?? 64,
    connect: { timeout: Math.min(options.timeoutMs, 5_000) },
  });
  const baseHeaders: Record<string, string> = { 'accept-encoding': 'identity' };
  if (options.apiKey !== undefined) baseHeaders.authorization = `Bearer ${options.apiKey}`;
  const jsonHeaders = { ...baseHeaders, 'content-type': 'application/json' };
  const reads = ReadConnections.to(options.address, jsonHeaders, options.connections ?? 64);
  /** Something between this process and the node may answer in its own way; then the other connections are used from then on. */
  let readsFit = true;

  function headersOf({ body, contentType }: NodeRequest): Record<string, string> {
    if (body === undefined) return baseHeaders;
    const headers = contentType === undefined ? jsonHeaders : { ...baseHeaders, 'content-type': contentType };
    return isStreamed(body) ? { ...headers, 'content-length': String(body.byteLength) } : headers;
  }

  /** Over the connections for reads; null when these cannot do it. */
  function read(request: NodeRequest, timeoutMs: number): Promise<ReadAnswer> | null {
    const { method, path, body, signal, asBytes, ownConnection } = request;
    if (reads === null || !readsFit || !asBytes || ownConnection || typeof body !== 'string') return null;
    return reads.ask({ method, path, body, timeoutMs, signal });
  }

  /** Over the connections for everything. */
  async function send(request: NodeRequest, timeout: number): Promise<NodeResponse> {
    const headers = headersOf(request);
    const reset = request.ownConnection === true || (request.body !== undefined && documentPath.test(request.path));
    const { method, path, signal } = request;
    const body = sendable(request.body, timeout);
    const options = { method, path, headers, body, headersTimeout: timeout, bodyTimeout: timeout, reset };
    const answer = await wholeAnswer(request.ownConnection === true ? fresh : pool, options, signal);
    const { 'retry-after': later } = answer.headers;
    const retryAfter = typeof later === 'string' ? later : undefined;
    const asBytes = request.asBytes === true;
    return responseOf(
      { status: answer.status, body: asBytes ? bytesIn(answer.body) : answer.body, retryAfter },
      asBytes,
    );
  }

  return {
    id: options.id,
    async request(request) {
      const started = performance.now();
      const report = (result: { status?: number; error?: NodeError }) =>
        options.onOutcome?.({
          nodeId: options.id,
          method: request.method,
          durationMs: performance.now() - started,
          ...result,
        });
      const timeout = request.timeoutMs ?? options.timeoutMs;
      try {
        const answer = await read(request, timeout);
        if (answer === 'other') readsFit = false;
        const fits = answer !== null && answer !== 'other';
        const response = fits ? responseOf(answer, true) : await send(request, timeout);
        report({ status: response.status });
        return response;
      } catch (error) {
        const trouble = toNodeError(options.id, error);
        report({ error: trouble });
        throw trouble;
      }
    },
    async close() {
      reads?.close();
      await Promise.all([pool.destroy(), fresh.destroy()]);
    },
  };
}
