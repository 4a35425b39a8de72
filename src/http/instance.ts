import { randomUUID } from 'node:crypto';
import { METHODS } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { answerClientError } from './client-error.ts';
import { MAX_HEADER_BYTES, MAX_URL_BYTES, type ServerLimits } from './limits.ts';
import { normaliseUrl } from './url.ts';

/** Milliseconds between looks for requests that are late, at most. */
const LATE_INTERVAL = 1_000;
/** Milliseconds between looks for idle connections while closing. */
const CLOSE_INTERVAL = 50;

/** What Fastify gets to see as the type of every body. */
const UNREAD = 'application/octet-stream';

declare module 'fastify' {
  interface FastifyRequest {
    /** The `Content-Type` header as sent; routes judge it, not Fastify. */
    sentContentType: string | undefined;
    /** `performance.now()` at its arrival. */
    arrivedAt: number;
    /** It is in the log and the metrics, or another process, which answers it, sees to that. */
    reported: boolean;
  }
}

function requestId(headers: Record<string, string | string[] | undefined>): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : randomUUID();
}

/** Bodies stay unread until a route asks for them: who may not write must not be able to make us buffer. */
function leaveBodiesUnread(app: FastifyInstance): void {
  app.decorateRequest('sentContentType', undefined);
  app.decorateRequest('arrivedAt', 0);
  app.decorateRequest('reported', false);
  app.addHook('onRequest', (request, _reply, done) => {
    request.arrivedAt = performance.now();
    request.sentContentType = request.headers['content-type'];
    if (request.sentContentType !== undefined) request.headers['content-type'] = UNREAD;
    done();
  });
  app.removeAllContentTypeParsers();
  // named as well, as Fastify does not remember what a parser of all types is used for
  app.addContentTypeParser([UNREAD, '*'], (_request, _payload, done) => done(null));
}

/** A connection whose request was still coming in when the server began to close is idle only later. */
function closeLateConnections(app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    const timer = setInterval(() => app.server.closeIdleConnections(), CLOSE_INTERVAL).unref();
    app.server.once('close', () => clearInterval(timer));
  });
}

/** Node.js answers 417 to an `Expect` that it does not know; the real server takes no notice of it. */
function ignoreExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
}

/** Fastify with the real server's limits and none of its own ideas about bodies, query strings and methods. */
export function createInstance(limits: ServerLimits): FastifyInstance {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES + MAX_URL_BYTES,
      requireHostHeader: false,
      headersTimeout: limits.headersTimeout,
      connectionsCheckingInterval: Math.min(LATE_INTERVAL, limits.headersTimeout),
    },
    rewriteUrl: (request) => normaliseUrl(request.url ?? '/'),
    genReqId: (request) => requestId(request.headers),
    clientErrorHandler: answerClientError,
    routerOptions: { maxParamLength: MAX_URL_BYTES, querystringParser: () => ({}) },
  });
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method) && method !== 'CONNECT') app.addHttpMethod(method, { hasBody: true });
  }
  app.server.maxConnections = limits.maxConnections;
  ignoreExpectations(app);
  leaveBodiesUnread(app);
  closeLateConnections(app);
  return app;
}
