import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './answer.ts';

/** Requests differ by these headers, whether or not the client is a page. */
export const VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

const known = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'PUT', 'OPTIONS', 'PATCH', 'POST', 'CONNECT']);
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that let any page read the answer. */
export function corsHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return headers.origin === undefined ? {} : { 'access-control-allow-origin': '*' };
}

/** The permission: every method, and every header that was asked for. */
function permission(headers: IncomingHttpHeaders): Record<string, string> {
  const asked = headers['access-control-request-headers'];
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': [...known].join(', '),
    ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    'access-control-max-age': '86400',
  };
}

/** The answer to a request that asks for permission instead of data, or null. */
export function preflight(method: string, headers: IncomingHttpHeaders): Answer | null {
  const asked = headers['access-control-request-method'];
  if (method !== 'OPTIONS' || asked === undefined || !token.test(asked)) return null;
  if (known.has(asked)) return { status: 200, headers: permission(headers) };
  return { status: 400, body: 'Requested method is not allowed', contentType: 'text/plain; charset=utf-8' };
}
