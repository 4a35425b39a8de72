import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from './answer.ts';
import { compress } from './compress.ts';
import { corsHeaders, VARY } from './cors.ts';

const NO_CONTENT = 204;

function acceptEncoding({ headers }: FastifyRequest): string | undefined {
  const value = headers['accept-encoding'];
  return Array.isArray(value) ? value.join(',') : value;
}

/** How an answer goes out. */
export interface SendOptions {
  /** Whether pages of any origin may read it. */
  cors: boolean;
  /** Milliseconds for which a client may take nothing of it. */
  stallMs: number;
}

/**
 * Node.js destroys a socket whose timeout passes. It is off again before Node.js sets its own for the time between two
 * requests, as the next of several pipelined requests may take long. An answer to one of those gets the socket late.
 */
function cutOffIfStalled(response: ServerResponse, stallMs: number): void {
  const allow = (milliseconds: number) => {
    if (response.socket instanceof Socket) response.socket.setTimeout(milliseconds);
  };
  if (response.socket === null) response.once('socket', () => allow(stallMs));
  else allow(stallMs);
  response.prependOnceListener('finish', () => allow(0));
}

/** Whether the system has taken the whole answer, which it does at once unless the client is slow to read. */
const isTaken = ({ socket, writableEnded }: ServerResponse) => writableEnded && socket?.writableLength === 0;

/** Sends an answer whole, compressed when that pays, with the request's id. A client that does not take it is cut off. */
export async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  { cors, stallMs }: SendOptions,
): Promise<FastifyReply> {
  const plain = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const packed = plain === undefined ? null : await compress(plain, acceptEncoding(request));
  const body = packed?.body ?? plain;
  reply.code(answer.status);
  if (body !== undefined) reply.header('content-type', answer.contentType ?? 'application/json');
  else if (answer.status !== NO_CONTENT) reply.header('content-length', '0');
  if (packed !== null) reply.header('content-encoding', packed.encoding);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  reply.header('x-request-id', request.id);
  if (cors) {
    reply.headers(corsHeaders(request.headers));
    reply.header('vary', packed === null ? VARY : `${VARY}, accept-encoding`);
  }
  reply.send(body);
  if (!isTaken(reply.raw)) cutOffIfStalled(reply.raw, stallMs);
  return reply;
}
