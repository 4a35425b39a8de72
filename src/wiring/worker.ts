import type { FastifyInstance } from 'fastify';
import { closeWithin, drainMs } from '../http/close.ts';
import { createForwarder, type Forwarder } from '../http/forward.ts';
import { createMemoryBudget } from '../http/memory-budget.ts';
import { searchPaths } from '../http/routes/all.ts';
import { buildReadServer } from '../http/server.ts';
import type { ReadServices } from '../http/services.ts';
import { indexView } from '../indexes/index-service.ts';
import { featureOff } from '../instance/features.ts';
import { authorise } from '../keys/authorise.ts';
import { createNodeClient } from '../nodes/client.ts';
import { createNodeRegistry, type NodeRegistry } from '../nodes/registry.ts';
import { machineTime } from '../nodes/timing.ts';
import { createLogger, type Logger } from '../observability/log.ts';
import { createMetrics, type Metrics, recordNodeOutcome } from '../observability/metrics.ts';
import { initHash } from '../placement/hash.ts';
import { visibleIndex } from '../search/visible-index.ts';
import type { FromWorker, ToWorker, Update } from '../workers/messages.ts';
import { createReadState, type ReadState } from '../workers/read-state.ts';
import { createSightings, type SightingLog } from '../workers/sightings.ts';
import { buildReading, buildSelection, type Reading } from './reading.ts';

type Begin = Extract<ToWorker, { kind: 'begin' }>;

/** A worker process's inside. */
export interface RunningWorker {
  /** Resolves when it could take requests. */
  ready: Promise<void>;
  /** Begins to take requests; resolves with its address. */
  serve(): Promise<string>;
  /** Takes in something new; to be called in order. */
  update(message: Extract<ToWorker, { kind: 'update' }>): void;
  measure(): Promise<object[]>;
  /** Lets requests under way end. */
  stop(): Promise<void>;
}

function readServices({ search, documents }: Reading, state: ReadState, masterKey: string | null): ReadServices {
  return {
    search,
    documents,
    indexes: { get: async (uid) => indexView(visibleIndex(state.catalog, uid)) },
    keys: {
      authorise: async (authorization, action, indexUid) =>
        authorise({ authorization, action, indexUid }, { keys: state.keys, masterKey, now: Date.now() }),
    },
    features: {
      require(feature, action) {
        if (!state.features()[feature]) throw featureOff(feature, action);
      },
    },
    // requests of a session are forwarded
    sessions: { settle: async () => null },
  };
}

function createClients({ config }: Begin, metrics: Metrics, sightings: SightingLog): NodeRegistry {
  return createNodeRegistry({
    create: ({ id, address }) =>
      createNodeClient({
        id,
        address,
        apiKey: config.nodeMasterKey,
        timeoutMs: config.search.nodeTimeout,
        onOutcome(outcome) {
          recordNodeOutcome(metrics, outcome);
          sightings.nodeOutcome(outcome);
        },
      }),
  });
}

function buildServer(
  { config }: Begin,
  parts: { services: ReadServices; metrics: Metrics; sightings: SightingLog; forwarder: Forwarder; log: Logger },
): FastifyInstance {
  const { services, metrics, sightings, forwarder, log } = parts;
  const { maxConcurrentRequests, maxQueuedRequests, maxConnections, memoryLimit, workers } = config.server;
  const share = (whole: number) => Math.ceil(whole / workers);
  return buildReadServer({
    services,
    limits: {
      ...config.server,
      maxConcurrentRequests: share(maxConcurrentRequests),
      maxQueuedRequests: share(maxQueuedRequests),
      maxConnections: share(maxConnections),
    },
    memory: createMemoryBudget(memoryLimit, () => process.memoryUsage.rss()),
    log,
    onResponse({ method, route, status, seconds }) {
      metrics.requestDuration.observe({ method, route, status: String(status) }, seconds);
      if (status === 200 && searchPaths.has(route)) sightings.searched(seconds * 1_000);
    },
    onInFlight: (count) => metrics.requestsInFlight.set(count),
    onWaiting: (count) => metrics.requestsWaiting.set(count),
    onShed: () => metrics.requestsShed.inc(),
    forward: forwarder.forward,
  });
}

/** Builds what a worker process needs to answer reads, from what the main process told it at first. */
export function startWorker(begin: Begin, tell: (message: FromWorker) => void): RunningWorker {
  const { config, socketPath, logFile, updates } = begin;
  const masterKey = config.masterKey ?? null;
  const log = createLogger(config.log.level, logFile ?? undefined).child({ worker: process.pid });
  const metrics = createMetrics();
  const state = createReadState(masterKey, (nodeId) => selection.forget(nodeId));
  const selection = buildSelection(config, (nodeId) => state.suspect(nodeId));
  const avoided = () => state.topology.record().nodes.flatMap(({ id }) => (selection.avoids(id) ? [id] : []));
  const sightings = createSightings(machineTime, avoided, (seen) => tell({ kind: 'seen', sightings: seen }));
  const clients = createClients(begin, metrics, sightings);
  const forwarder = createForwarder(socketPath, {
    maxBytes: config.server.maxBodyBytes,
    stallMs: config.server.stallTimeout,
  });
  const reading = buildReading(config, metrics, { ...state, clients, selection });
  const services = readServices(reading, state, masterKey);
  const server = buildServer(begin, { services, metrics, sightings, forwarder, log });

  function apply(update: Update): void {
    if (update.kind === 'ping') return;
    if (update.kind === 'logLevel') log.level = update.level;
    else state.apply(update);
    if (update.kind === 'changes') clients.setNodes(state.topology.record().nodes);
  }
  for (const update of updates) apply(update);

  return {
    ready: Promise.all([initHash(), server.ready()]).then(() => undefined),
    serve: () => server.listen({ host: config.server.host, port: config.server.port }),
    update({ seq, update }) {
      apply(update);
      tell({ kind: 'applied', seq });
    },
    measure: () => metrics.objects(),
    async stop() {
      await closeWithin(server, drainMs);
      await Promise.all([forwarder.close(), clients.close()]);
    },
  };
}
