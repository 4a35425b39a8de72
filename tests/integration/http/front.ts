import { pino } from 'pino';
import { ApiError } from '../../../src/errors/api-error.ts';
import type { ServerLimits } from '../../../src/http/limits.ts';
import { createMemoryBudget } from '../../../src/http/memory-budget.ts';
import { buildServer, type ServerOptions } from '../../../src/http/server.ts';
import type { Services } from '../../../src/http/services.ts';
import { allOff, featureOff } from '../../../src/instance/features.ts';
import type { Caller } from '../../../src/keys/caller.ts';
import type { AdminRebalance } from '../../../src/placement/admin-types.ts';

/** The body of every valid request's answer: the services behind the server are not under test here. */
export const REACHED = '{"reached":true}';

const everyone: Caller = {
  allowsIndex: () => true,
  indexPatterns: null,
  may: () => true,
  tenantFilter: () => null,
};

function authoriser(masterKey: string) {
  return async (authorization: string | undefined): Promise<Caller> => {
    if (authorization === `Bearer ${masterKey}`) return everyone;
    if (authorization?.startsWith('Bearer ')) {
      throw new ApiError('invalid_api_key', 'The provided API key is invalid.');
    }
    throw new ApiError(
      'missing_authorization_header',
      'The Authorization header is missing. It must use the bearer authorization method.',
    );
  };
}

/** Services that note that they were reached and answer `REACHED`; keys are judged as with only a master key. */
export function reachedServices(masterKey: string): Services {
  const text = async () => REACHED;
  const read = async () => ({ json: REACHED, missingShards: [] });
  const search = async () => ({ json: Buffer.from(REACHED), missingShards: [] });
  const write = async () => ({
    summary: { taskUid: 0, indexUid: null, status: 'enqueued', type: 'reached', enqueuedAt: '' },
    degraded: null,
  });
  const idle: AdminRebalance = {
    state: 'idle',
    startedAt: null,
    copies: { total: 0, done: 0 },
    filling: 0,
    leaving: 0,
    cleaning: 0,
    phase: null,
    documents: { done: 0, total: 0 },
    documentsPerSecond: 0,
    secondsLeft: null,
    pace: { documentsPerSecond: 20_000, reason: 'full speed' },
    moves: [],
  };
  const operation = async () => ({ rebalance: idle });
  return {
    search: { search, federated: search, similar: search, facetSearch: read },
    documents: {
      list: read,
      get: read,
      add: write,
      deleteByIds: write,
      deleteByFilter: write,
      deleteAll: write,
      edit: write,
    },
    indexes: {
      list: text,
      get: text,
      create: write,
      update: write,
      delete: write,
      swap: write,
      stats: text,
      allStats: text,
      version: text,
    },
    settings: { get: text, getOne: text, update: write, reset: write },
    tasks: { list: text, get: text, batches: text, batch: text, cancel: write, delete: write },
    keys: {
      authorise: authoriser(masterKey),
      list: text,
      get: text,
      create: text,
      update: text,
      delete: async () => {},
      restore: async () => true,
    },
    exports: { create: write },
    dumps: { create: write, importUpload: write, importFile: write },
    admin: {
      topology: async () => ({ reached: true }),
      shards: async () => ({ reached: true }),
      ready: async () => ({ ready: true, reasons: [] }),
      task: async () => ({ reached: true }),
      verify: async () => ({ reached: true }),
      verification: () => ({ reached: true }),
    },
    reshard: {
      start: read as never,
      status: () => ({}) as never,
      abort: read as never,
      rollback: read as never,
      finish: read as never,
    },
    operations: {
      addNodes: operation,
      addGroup: operation,
      drain: operation,
      activate: operation,
      remove: operation,
      removeGroup: operation,
      replace: operation,
      replicationFactor: operation,
      steer: operation,
      status: () => idle,
    },
    features: {
      get: () => REACHED,
      current: () => allOff,
      require(feature, action) {
        throw featureOff(feature, action);
      },
      update: text,
    },
    logs: { setTarget() {} },
    webhooks: { list: () => REACHED, get: () => REACHED, create: text, update: text, delete: async () => {} },
    sessions: { settle: async () => null },
    metrics: async () => 'reached 1\n',
  };
}

const generous: ServerLimits = {
  maxBodyBytes: 100_000_000,
  maxConcurrentRequests: 1_000,
  maxQueuedRequests: 1_000,
  queueTimeout: 60_000,
  maxConnections: 10_000,
  headersTimeout: 60_000,
  requestTimeout: 600_000,
  stallTimeout: 60_000,
  keepAliveTimeout: 60_000,
};

/** Options of the server, of which all have a default here. */
export type FrontOptions = Partial<Omit<ServerOptions, 'limits'>> & { limits?: Partial<ServerLimits> };

/** A server in front of such services (or others), listening on a free loopback port. */
export async function startFront(masterKey: string, options: FrontOptions = {}) {
  const services = options.services ?? reachedServices(masterKey);
  const app = buildServer({
    memory: createMemoryBudget(1_000_000_000_000, () => 0),
    log: pino({ level: 'silent' }),
    adminKey: null,
    ...options,
    services,
    limits: { ...generous, ...options.limits },
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, address, masterKey, services, stop: () => app.close() };
}
