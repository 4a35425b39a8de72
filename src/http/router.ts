import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, empty } from './answer.ts';
import type { Exchange } from './exchange.ts';

/** Answers one request; throws `ApiError` for what it refuses. */
export type Handler = (x: Exchange) => Promise<Answer>;

/** The methods of a resource, in the order in which `Allow` lists them. */
export type Methods = Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>;

/** Declares one resource: its path (`:name` for parts that vary; `:indexUid` is also used to authorise) and its methods. */
export type Declare = (path: string, methods: Methods) => void;

/** The resources of one API area. */
export type Routes = (resource: Declare) => void;

/**
 * Registers resources so that one path answers every method: an unknown method is 405 with `Allow` (HEAD too), and a
 * path with a fixed last part never falls through to one with a parameter.
 */
export function mount(
  app: FastifyInstance,
  routes: readonly Routes[],
  run: (handler: Handler, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const resource: Declare = (path, methods) => {
    const refuse: Handler = async () => empty(405, { allow: Object.keys(methods).join(', ') });
    const known = new Map(Object.entries(methods));
    app.all(path, (request, reply) => run(known.get(request.method) ?? refuse, request, reply));
  };
  for (const register of routes) register(resource);
}
