import { type IncomingHttpHeaders, METHODS } from 'node:http';

/** Requests differ by these headers, whether or not the client is a page. */
export const VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

const known = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'PUT', 'OPTIONS', 'PATCH', 'POST', 'CONNECT']);

/** Headers that let any page read the answer. */
export function corsHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return headers.origin === undefined ? {} : { 'access-control-allow-origin': '*' };
}

/** Whether a request asks for permission instead of data. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  const asked = headers['access-control-request-method'];
  return method === 'OPTIONS' && asked !== undefined && (known.has(asked) || METHODS.includes(asked));
}

/** The permission: every method, and every header that was asked for. */
export function preflightHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const asked = headers['access-control-request-headers'];
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': [...known].join(', '),
    ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    'access-control-max-age': '86400',
  };
}
