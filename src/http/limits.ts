import type { FastifyRequest } from 'fastify';
import { type Answer, empty } from './answer.ts';
import { hasForbiddenCharacters, queryOf } from './url.ts';

/** Configured limits; times in milliseconds. */
export interface ServerLimits {
  /** Bytes of a body after decompression. */
  maxBodyBytes: number;
  /** Requests handled at the same time; health and admin routes do not count. */
  maxConcurrentRequests: number;
  /** Requests that wait for their turn; what comes beyond is refused. */
  maxQueuedRequests: number;
  /** How long one of them waits. */
  queueTimeout: number;
  /** Connections open at the same time; further ones are closed at once. */
  maxConnections: number;
  /** In which the head of a request must have arrived. */
  headersTimeout: number;
  /** In which a request must have arrived whole. */
  requestTimeout: number;
  /** For which a body being received or an answer being sent may stand still. */
  stallTimeout: number;
  /** For which a connection without a request is kept. */
  keepAliveTimeout: number;
}

/** The real server's limits on the head of a request. */
export const MAX_HEADER_BYTES = 131_072;
export const MAX_URL_BYTES = 65_535;
const MAX_HEADERS = 96;

/** The refusal of a head that the real server would not read, or null. */
export function refuseHead(request: FastifyRequest): Answer | null {
  if (request.raw.rawHeaders.length / 2 > MAX_HEADERS) return empty(431, { connection: 'close' });
  const url = request.originalUrl;
  if (Buffer.byteLength(url) < MAX_URL_BYTES && !hasForbiddenCharacters(queryOf(url))) return null;
  return empty(400, { connection: 'close' });
}
