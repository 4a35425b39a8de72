import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ApiError } from '../errors/api-error.ts';
import { writeOrigin } from '../tasks/write-origin.ts';
import { adminAccess } from './admin/access.ts';
import { dumpAdminRoutes } from './admin/dumps.ts';
import { reshardAdminRoutes } from './admin/reshard.ts';
import { adminRoutes } from './admin/routes.ts';
import { topologyAdminRoutes } from './admin/topology.ts';
import { createAdmission, isExempt } from './admission.ts';
import { type Answer, empty, failure } from './answer.ts';
import { preflight } from './cors.ts';
import { bodyBeforeClosing } from './drain.ts';
import { Exchange } from './exchange.ts';
import { createInstance } from './instance.ts';
import { refuseHead, type ServerLimits } from './limits.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { type Handler, mount, type Routes } from './router.ts';
import { apiRoutes, readRoutes } from './routes/all.ts';
import { sendAnswer } from './send.ts';
import type { ReadServices, Services } from './services.ts';

/** One finished request, for metrics. */
export interface FinishedRequest {
  method: string;
  /** The route's pattern, for example `/indexes/:indexUid/search`; `unknown` when there is none. */
  route: string;
  status: number;
  seconds: number;
}

/** What every server is built from. */
interface CommonOptions<S extends ReadServices> {
  services: S;
  limits: ServerLimits;
  memory: MemoryBudget;
  /** Whether pages of any origin may read answers, as with Meilisearch. Default true. */
  corsEverything?: boolean;
  log: Logger;
  onResponse?: (request: FinishedRequest) => void;
  /** Called when the number of requests in flight changes. */
  onInFlight?: (count: number) => void;
  /** Called when the number of requests that wait for their turn changes. */
  onWaiting?: (count: number) => void;
  /** Called when a request is refused because a limit is reached. */
  onShed?: () => void;
}

/** What the server of everything is built from. */
export interface ServerOptions extends CommonOptions<Services> {
  /** Key of the admin API; null closes it, but for readiness and metrics. */
  adminKey: string | null;
  /** What no answer may overtake; null when there is nothing to wait for. */
  settled?: () => Promise<void> | null;
}

/** What the server of a worker process is built from. */
export interface ReadServerOptions extends CommonOptions<ReadServices> {
  /** Has the main process answer a request. */
  forward(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
}

/** What servers differ in. */
interface Parts<S extends ReadServices> extends CommonOptions<S> {
  routes: readonly Routes<S>[];
  settled?: () => Promise<void> | null;
  forward?: ReadServerOptions['forward'];
}

/** Status in logs and metrics of a request whose client left before the answer. */
const CLIENT_GONE = 499;

/** The error that a client sees for anything thrown: its own, or an internal one that tells nothing of the inside. */
function toApiError(error: unknown, request: FastifyRequest, log: Logger): ApiError {
  if (error instanceof ApiError) return error;
  log.error({ err: error, requestId: request.id, method: request.method, path: pathOf(request) }, 'request failed');
  return new ApiError('internal', `An internal error has occurred. \`request ${request.id}\`.`);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

function finishedRequest(request: FastifyRequest, status: number, milliseconds: number): FinishedRequest {
  const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
  return { method: request.method, route, status, seconds: milliseconds / 1_000 };
}

/** A log line and a measurement per request, also for clients that did not wait for their answer. */
function reportRequests(app: FastifyInstance, { log, onResponse }: Pick<ServerOptions, 'log' | 'onResponse'>): void {
  const report = (request: FastifyRequest, finished: FinishedRequest) => {
    if (request.reported) return;
    request.reported = true;
    onResponse?.(finished);
    if (!log.isLevelEnabled('info')) return;
    const { method, status, seconds } = finished;
    const milliseconds = Math.round(seconds * 1_000);
    log.info({ requestId: request.id, method, path: pathOf(request), status, ms: milliseconds }, 'request');
  };
  app.addHook('onResponse', (request, reply, done) => {
    report(request, finishedRequest(request, reply.statusCode, reply.elapsedTime));
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    report(request, finishedRequest(request, CLIENT_GONE, performance.now() - request.arrivedAt));
    done();
  });
}

/** Runs handlers, at most so many at a time; probes always get through. */
function bounded<S extends ReadServices>({ limits, onInFlight, onWaiting }: CommonOptions<S>) {
  const admission = createAdmission({
    places: limits.maxConcurrentRequests,
    queue: limits.maxQueuedRequests,
    waitMs: limits.queueTimeout,
    onChange(inFlight, waiting) {
      onInFlight?.(inFlight);
      onWaiting?.(waiting);
    },
  });
  return async (
    handler: Handler<S>,
    exchange: Exchange<S>,
    path: string,
    response: ServerResponse,
  ): Promise<Answer> => {
    if (isExempt(path)) return handler(exchange);
    await admission.enter(response);
    try {
      return await handler(exchange);
    } finally {
      admission.leave();
    }
  };
}

function build<S extends ReadServices>(options: Parts<S>): FastifyInstance {
  const { services, log, limits } = options;
  const cors = options.corsEverything ?? true;
  const bodyLimits = { maxBytes: limits.maxBodyBytes, stallMs: limits.stallTimeout };
  const app = createInstance(limits);
  const admitted = bounded(options);
  const send = async (request: FastifyRequest, reply: FastifyReply, answer: Answer) => {
    await options.settled?.();
    // an answer that closes the connection by itself does not wait for a body that may never come
    if (answer.headers?.connection !== 'close') await bodyBeforeClosing(request.raw, reply.raw, bodyLimits);
    return sendAnswer(request, reply, answer, { cors, stallMs: limits.stallTimeout });
  };
  const forward = (request: FastifyRequest, reply: FastifyReply) => {
    request.reported = true;
    return options.forward!(request, reply);
  };
  const fail = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const error = toApiError(thrown, request, log);
    if (error.code === 'miroir_overloaded') options.onShed?.();
    return send(request, reply, failure(error));
  };

  async function run(handler: Handler<S>, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // only the main process knows the writes of a session
    if (options.forward !== undefined && request.headers['x-miroir-session'] !== undefined)
      return forward(request, reply);
    const memory = options.memory.open();
    const exchange = new Exchange(request, services, bodyLimits, memory);
    const handle = () => admitted(handler, exchange, pathOf(request), reply.raw);
    try {
      const origin = exchange.writeOrigin();
      return await send(request, reply, await (origin === null ? handle() : writeOrigin.run(origin, handle)));
    } catch (error) {
      return fail(error, request, reply);
    } finally {
      memory.release();
    }
  }

  app.addHook('onRequest', (request, reply, done) => {
    const answer = refuseHead(request) ?? (cors ? preflight(request.method, request.headers) : null);
    if (answer === null) done();
    else send(request, reply, answer).catch(done);
  });
  reportRequests(app, options);
  app.setErrorHandler(fail);
  const elsewhere = (answer: Answer, request: FastifyRequest, reply: FastifyReply) =>
    options.forward === undefined ? send(request, reply, answer) : forward(request, reply);
  app.setNotFoundHandler((request, reply) => elsewhere(empty(404), request, reply));
  mount(app, options.routes, run, (allow, request, reply) => elsewhere(empty(405, { allow }), request, reply));
  return app;
}

/** Builds the server that speaks Meilisearch's API over the services. It is not listening yet. */
export function buildServer(options: ServerOptions): FastifyInstance {
  const access = adminAccess(options.adminKey);
  const ownRoutes = [adminRoutes, dumpAdminRoutes, topologyAdminRoutes, reshardAdminRoutes];
  return build({ ...options, routes: [...apiRoutes, ...ownRoutes.map((routes) => routes(access))] });
}

/** Builds the server that answers reads of documents over the services, and forwards everything else. It is not listening yet. */
export function buildReadServer(options: ReadServerOptions): FastifyInstance {
  return build({ ...options, routes: readRoutes });
}
