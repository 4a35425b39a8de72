import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from './answer.ts';
import { compress } from './compress.ts';
import { corsHeaders, VARY } from './cors.ts';

const NO_CONTENT = 204;

function acceptEncoding({ headers }: FastifyRequest): string | undefined {
  const value = headers['accept-encoding'];
  return Array.isArray(value) ? value.join(',') : value;
}

/** Sends an answer whole, compressed when that pays, with the request's id and (if `cors`) what lets any page read it. */
export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  cors: boolean,
): Promise<FastifyReply> {
  const plain = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const packed = plain === undefined ? null : await compress(plain, acceptEncoding(request));
  const body = packed?.body ?? plain;
  reply.code(answer.status).headers({
    ...(body === undefined ? {} : { 'content-type': answer.contentType ?? 'application/json' }),
    ...(body === undefined && answer.status !== NO_CONTENT ? { 'content-length': '0' } : {}),
    ...(packed === null ? {} : { 'content-encoding': packed.encoding }),
    ...answer.headers,
    'x-request-id': request.id,
  });
  if (cors) {
    reply.headers({ ...corsHeaders(request.headers), vary: packed === null ? VARY : `${VARY}, accept-encoding` });
  }
  return reply.send(body);
}
