import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { ReadServices, Services } from './services.ts';

/** Answers one request; throws `ApiError` for what it refuses. */
export type Handler<S extends ReadServices = Services> = (x: Exchange<S>) => Promise<Answer>;
/** A handler that only reads documents. */
export type ReadHandler = Handler<ReadServices>;

/** The methods of a resource, in the order in which `Allow` lists them. */
export type Methods<S extends ReadServices = Services> = Partial<
  Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler<S>>
>;

/** Declares one resource: its path (`:name` for parts that vary; `:indexUid` is also used to authorise) and its methods. */
export type Declare<S extends ReadServices = Services> = (path: string, methods: Methods<S>) => void;

/** The resources of one API area. */
export type Routes<S extends ReadServices = Services> = (resource: Declare<S>) => void;
/** Resources that only read documents. */
export type ReadRoutes = Routes<ReadServices>;

/**
 * Registers resources so that one path answers every method: an unknown method goes to `refuse` with the known ones (HEAD
 * too), and a path with a fixed last part never falls through to one with a parameter.
 */
export function mount<S extends ReadServices>(
  app: FastifyInstance,
  routes: readonly Routes<S>[],
  run: (handler: Handler<S>, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  refuse: (allowed: string, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const resource: Declare<S> = (path, methods) => {
    const allowed = Object.keys(methods).join(', ');
    const known = new Map(Object.entries(methods));
    app.all(path, (request, reply) => {
      const handler = known.get(request.method);
      return handler === undefined ? refuse(allowed, request, reply) : run(handler, request, reply);
    });
  };
  for (const register of routes) register(resource);
}
