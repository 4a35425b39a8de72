import { pino } from 'pino';
import { ApiError } from '../../../src/errors/api-error.ts';
import { buildServer, type ServerOptions } from '../../../src/http/server.ts';
import type { Services } from '../../../src/http/services.ts';
import { allOff, featureOff } from '../../../src/instance/features.ts';
import type { Caller } from '../../../src/keys/caller.ts';

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
  const write = async () => ({
    summary: { taskUid: 0, indexUid: null, status: 'enqueued', type: 'reached', enqueuedAt: '' },
    degraded: null,
  });
  return {
    search: { search: read, similar: read, facetSearch: read },
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
    dumps: { create: write, importUpload: write, importFile: write },
    admin: {
      topology: async () => ({ reached: true }),
      shards: async () => ({ reached: true }),
      ready: async () => ({ ready: true, reasons: [] }),
      task: async () => ({ reached: true }),
      verify: async () => ({ reached: true }),
      verification: () => ({ reached: true }),
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
    metrics: async () => 'reached 1\n',
  };
}

/** A server in front of such services (or others), listening on a free loopback port. */
export async function startFront(masterKey: string, options: Partial<ServerOptions> = {}) {
  const app = buildServer({
    services: reachedServices(masterKey),
    maxBodyBytes: 100_000_000,
    maxConcurrentRequests: 1_000,
    log: pino({ level: 'silent' }),
    adminKey: null,
    ...options,
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, address, masterKey, stop: () => app.close() };
}
