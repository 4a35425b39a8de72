import { PassThrough } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Dispatcher, Pool } from 'undici';
import type { BodyLimits } from './body.ts';
import { bodyBeforeClosing } from './drain.ts';

/** Has another process on this machine answer requests. */
export interface Forwarder {
  forward(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
  close(): Promise<void>;
}

/** What concerns one connection and not the message (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

/** Names and values in turn, as they came. */
function sentHeaders({ rawHeaders }: FastifyRequest['raw']): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] as string);
  }
  return kept;
}

function answeredHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string | string[]> {
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || hopByHop.has(name) ? [] : [[name, value] as const],
  );
  // whoever leaves a body unread closes the connection, and so has to do this side
  const closes = headers.connection === 'close' ? [['connection', 'close'] as const] : [];
  return Object.fromEntries([...kept, ...closes]);
}

/** Of errors that mean that nobody will answer. */
const cutCodes = new Set(['ECONNRESET', 'ECONNREFUSED', 'ENOENT', 'EPIPE', 'UND_ERR_SOCKET']);

function hasBody({ headers }: FastifyRequest['raw']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The body in a stream of its own: who gives up sending it must not cut the client's connection, over which the answer goes. */
function bodyOf(raw: FastifyRequest['raw']): PassThrough | null {
  // that it was given up shows in the answer, or in there being none
  return hasBody(raw) ? raw.pipe(new PassThrough().on('error', () => undefined)) : null;
}

/**
 * Forwards requests and answers as streams to the process that listens on a Unix socket. The limits of
 * that process hold, and a client that leaves takes its request along; `limits` bound what is read of a body that it did not want.
 */
export function createForwarder(socketPath: string, limits: BodyLimits): Forwarder {
  const pool = new Pool('http://localhost', { socketPath, connections: null, headersTimeout: 0, bodyTimeout: 0 });
  return {
    async forward(request, reply) {
      const { raw, originalUrl } = request;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const options = {
        method: request.method as Dispatcher.HttpMethod,
        path: originalUrl.startsWith('/') ? originalUrl : (raw.url as string),
        headers: sentHeaders(raw),
        body: bodyOf(raw),
        signal: gone.signal,
      };
      const answer = await pool.request(options).catch((error: Error & { code?: string }) => {
        if (!gone.signal.aborted && !cutCodes.has(error.code ?? '')) throw error;
        return null;
      });
      if (answer !== null) {
        await bodyBeforeClosing(raw, reply.raw, limits);
        return reply.code(answer.statusCode).headers(answeredHeaders(answer.headers)).send(answer.body);
      }
      // the other process is gone, or the client: what became of a write is unknown, and a broken connection says just that
      reply.hijack();
      raw.destroy();
      return reply;
    },
    close: () => pool.destroy(),
  };
}
