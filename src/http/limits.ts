import type { FastifyRequest } from 'fastify';
import { type Answer, empty } from './answer.ts';
import { hasForbiddenCharacters, queryOf } from './url.ts';

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
