import { randomUUID } from 'node:crypto';
import { METHODS } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ApiError } from '../errors/api-error.ts';
import { type AdminAccess, adminAccess } from './admin/access.ts';
import { adminRoutes } from './admin/routes.ts';
import { createAdmission, isExempt } from './admission.ts';
import { type Answer, empty, failure } from './answer.ts';
import { answerClientError } from './client-error.ts';
import { compress } from './compress.ts';
import { corsHeaders, isPreflight, preflightHeaders, VARY } from './cors.ts';
import { Exchange } from './exchange.ts';
import { type Handler, mount } from './router.ts';
import { apiRoutes } from './routes/all.ts';
import type { Services } from './services.ts';
import { hasForbiddenCharacters, normaliseUrl, queryOf } from './url.ts';

/** One finished request, for metrics. */
export interface FinishedRequest {
  method: string;
  /** The route's pattern, for example `/indexes/:indexUid/search`; `unknown` when there is none. */
  route: string;
  status: number;
  seconds: number;
}

/** What the server is built from. */
export interface ServerOptions {
  services: Services;
  /** Bytes of a body after decompression. */
  maxBodyBytes: number;
  /** Requests in flight beyond which others are refused with 503. */
  maxConcurrentRequests: number;
  /** Whether pages of any origin may read answers, as with Meilisearch. */
  corsEverything?: boolean;
  log: Logger;
  onResponse?: (request: FinishedRequest) => void;
  /** Called when the number of requests in flight changes. */
  onInFlight?: (count: number) => void;
  /** Key of the admin API; null refuses all of it but readiness and metrics. */
  adminKey: string | null;
}

/** The real server's limits on the request head. */
const MAX_HEADER_BYTES = 131_072;
const MAX_HEADERS = 96;
const MAX_URL_BYTES = 65_535;
/** Milliseconds in which a request must have arrived whole, however slow its upload. */
const REQUEST_TIMEOUT = 1_800_000;

/** Milliseconds between looks for idle connections while closing. */
const CLOSE_INTERVAL = 50;

declare module 'fastify' {
  interface FastifyRequest {
    /** The `Content-Type` header as sent; routes judge it, not Fastify. */
    sentContentType: string | undefined;
    /** Whether the request counts as in flight. */
    admitted: boolean;
  }
}

function requestId(headers: Record<string, string | string[] | undefined>): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : randomUUID();
}

function createInstance(): FastifyInstance {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT,
    http: { maxHeaderSize: MAX_HEADER_BYTES + MAX_URL_BYTES, requireHostHeader: false },
    rewriteUrl: (request) => normaliseUrl(request.url ?? '/'),
    genReqId: (request) => requestId(request.headers),
    clientErrorHandler: answerClientError,
    routerOptions: { maxParamLength: MAX_URL_BYTES, querystringParser: () => ({}) },
  });
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method) && method !== 'CONNECT') app.addHttpMethod(method, { hasBody: true });
  }
  app.decorateRequest('sentContentType', undefined);
  app.decorateRequest('admitted', false);
  app.removeAllContentTypeParsers();
  // Bodies stay unread until a route asks for them: who may not write must not be able to make us buffer.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return app;
}

/** The error that a client sees for anything thrown: its own, or an internal one that tells nothing of the inside. */
function toApiError(error: unknown, request: FastifyRequest, log: Logger): ApiError {
  if (error instanceof ApiError) return error;
  log.error({ err: error, requestId: request.id, method: request.method, path: request.url }, 'request failed');
  return new ApiError('internal', `An internal error has occurred. \`request ${request.id}\`.`);
}

/** Builds the server that speaks Meilisearch's API over the services. It is not listening yet. */
export function buildServer(options: ServerOptions): FastifyInstance {
  const { services, log } = options;
  const app = createInstance();
  const admission = createAdmission(options.maxConcurrentRequests);
  const access: AdminAccess = adminAccess(options.adminKey);
  const cors = options.corsEverything ?? true;

  async function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
    const plain = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    const packed = plain === undefined ? null : await compress(plain, request.headers['accept-encoding'] as string);
    reply.code(answer.status).headers({
      ...(plain === undefined ? {} : { 'content-type': answer.contentType ?? 'application/json' }),
      ...(packed === null ? {} : { 'content-encoding': packed.encoding }),
      ...answer.headers,
      'x-request-id': request.id,
    });
    if (cors) {
      reply.headers({ ...corsHeaders(request.headers), vary: packed === null ? VARY : `${VARY}, accept-encoding` });
    }
    const body = packed?.body ?? plain;
    return body === undefined ? reply.header('content-length', '0').send() : reply.send(body);
  }

  async function run(handler: Handler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const exchange = new Exchange(request, request.sentContentType, services, options.maxBodyBytes);
    try {
      return await send(request, reply, await handler(exchange));
    } catch (error) {
      return send(request, reply, failure(toApiError(error, request, log)));
    }
  }

  /** What is answered before routing matters; null lets the request through. */
  function precheck(request: FastifyRequest): Answer | null {
    if (request.raw.rawHeaders.length / 2 > MAX_HEADERS) return empty(431, { connection: 'close' });
    const url = request.originalUrl;
    if (Buffer.byteLength(url) >= MAX_URL_BYTES || hasForbiddenCharacters(queryOf(url))) {
      return empty(400, { connection: 'close' });
    }
    if (cors && isPreflight(request.method, request.headers)) return preflight(request);
    return null;
  }

  function preflight(request: FastifyRequest): Answer {
    return { status: 200, headers: preflightHeaders(request.headers) as Record<string, string> };
  }

  function admit(request: FastifyRequest): void {
    if (isExempt(request.url)) return;
    admission.enter();
    request.admitted = true;
    options.onInFlight?.(admission.inFlight);
  }

  app.addHook('onRequest', async (request, reply) => {
    request.sentContentType = request.headers['content-type'];
    delete request.headers['content-type'];
    const early = precheck(request);
    if (early !== null) return send(request, reply, early);
    admit(request);
  });

  app.addHook('onResponse', async (request, reply) => {
    if (request.admitted) {
      admission.leave();
      options.onInFlight?.(admission.inFlight);
    }
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    const status = reply.statusCode;
    const milliseconds = reply.elapsedTime;
    options.onResponse?.({ method: request.method, route, status, seconds: milliseconds / 1_000 });
    const path = request.url.split('?', 1)[0];
    log.info({ requestId: request.id, method: request.method, path, status, ms: Math.round(milliseconds) }, 'request');
  });

  // A connection whose request body was still coming in when the server began to close is idle only later.
  app.addHook('preClose', async () => {
    const timer = setInterval(() => app.server.closeIdleConnections(), CLOSE_INTERVAL);
    app.server.once('close', () => clearInterval(timer));
  });

  app.setErrorHandler((error, request, reply) => send(request, reply, failure(toApiError(error, request, log))));
  app.setNotFoundHandler((request, reply) => send(request, reply, empty(404)));
  mount(app, [...apiRoutes, adminRoutes(access)], run);
  return app;
}
