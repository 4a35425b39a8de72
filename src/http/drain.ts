import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyLimits } from './body.ts';

/** Resolves once the rest of a body has come and was thrown away; what is larger than a body may be, or stalls, is not waited for. */
function drain(request: IncomingMessage, { maxBytes, stallMs }: BodyLimits): Promise<void> {
  return new Promise((resolve) => {
    let left = maxBytes;
    const end = () => {
      clearTimeout(timer);
      request.off('data', discard).off('end', end).off('close', end);
      request.resume();
      resolve();
    };
    const discard = (chunk: Buffer) => {
      timer.refresh();
      left -= chunk.length;
      if (left < 0) end();
    };
    const timer = setTimeout(end, stallMs);
    request.on('data', discard).on('end', end).on('close', end).resume();
  });
}

/**
 * To be awaited before a request is answered whose body may be unread. A connection that is closed while bytes of it are on their
 * way takes the answer with it (RFC 9112, section 9.6), so a client that wants its connection closed afterwards is answered when
 * they have come. Null when there is nothing to wait for.
 */
export function bodyBeforeClosing(
  request: IncomingMessage,
  response: Pick<ServerResponse, 'shouldKeepAlive'>,
  limits: BodyLimits,
): Promise<void> | null {
  return response.shouldKeepAlive || request.complete || request.destroyed ? null : drain(request, limits);
}
