import { createAdminService } from './admin/admin-service.ts';
import { refreshGauges } from './admin/gauges.ts';
import type { Config } from './config/schema.ts';
import { createDocumentEditService } from './documents/edit-service.ts';
import { createVersionClock, versionAt } from './documents/markers.ts';
import { createDocumentReadService } from './documents/read.ts';
import { createDocumentWriteService } from './documents/write-service.ts';
import { startDumps } from './dumps/start.ts';
import type { ErrorBody } from './errors/api-error.ts';
import { buildServer } from './http/server.ts';
import type { Services } from './http/services.ts';
import { createCatalog } from './indexes/catalog.ts';
import { rewriteNodeError } from './indexes/error-rewrite.ts';
import { createIndexService } from './indexes/index-service.ts';
import type { PrepareOptions } from './indexes/prepare.ts';
import { committedSettings, createSettingsCommit, createSettingsService } from './indexes/settings/service.ts';
import { createStats } from './indexes/stats.ts';
import { createFeatureService, type FeatureControl } from './instance/feature-service.ts';
import { createLogControl } from './instance/log-target.ts';
import { createWebhookPoster } from './instance/webhooks/post.ts';
import { createWebhooks } from './instance/webhooks/service.ts';
import { createKeyService } from './keys/key-service.ts';
import { createNodeClient, type NodeClient } from './nodes/client.ts';
import { createHealth } from './nodes/health.ts';
import type { Logger } from './observability/log.ts';
import { createMetrics, recordNodeOutcome } from './observability/metrics.ts';
import { startMetricsServer } from './observability/metrics-server.ts';
import { createClusterView } from './placement/cluster-view.ts';
import { createCopyStates } from './placement/copies.ts';
import { initHash } from './placement/hash.ts';
import { seedTopology } from './placement/seed.ts';
import { createTopologyView } from './placement/topology.ts';
import { createRepairs, type Repairs } from './repair/start.ts';
import { createTouchedDocuments } from './repair/touched.ts';
import { createFacetSearch } from './search/facet-search.ts';
import { createScatter } from './search/scatter.ts';
import { createSearchService } from './search/search.ts';
import type { IndexRecord } from './store/records.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import type { Store } from './store/store.ts';
import { rfc3339 } from './tasks/clock.ts';
import { createTaskEngine } from './tasks/engine.ts';
import { createTaskService } from './tasks/task-service.ts';

/** A Miroir that serves. */
export interface RunningMiroir {
  /** Where clients connect, for example `http://127.0.0.1:7700`. */
  readonly url: string;
  /** Stop taking requests, let those under way end, and let go of everything. */
  stop(): Promise<void>;
}

/** Milliseconds that requests under way get to end when Miroir stops. */
const drainMs = 10_000;
/** Milliseconds a change of primary key waits for earlier tasks of its index. */
const quietTimeoutMs = 60_000;
/** Milliseconds a webhook's receiver may take, and the first wait after it failed. */
const webhookTimeoutMs = 10_000;
const webhookFirstRetryMs = 1_000;

/** Undo of each started part, run in reverse order. */
function createStopList(log: Logger) {
  const undo: { what: string; stop: () => unknown }[] = [];
  return {
    add(what: string, stop: () => unknown) {
      undo.push({ what, stop });
    },
    async run() {
      for (const { what, stop } of undo.splice(0).reverse()) {
        await Promise.resolve(stop()).catch((error: unknown) => log.error({ err: error }, `could not stop ${what}`));
      }
    },
  };
}

/** Builds every part once, wires them, starts them in order. Throws, with everything stopped again, when one cannot start. */
export async function startMiroir(config: Config, { log }: { log: Logger }): Promise<RunningMiroir> {
  const stops = createStopList(log);
  try {
    return await start(config, log, stops);
  } catch (error) {
    await stops.run();
    throw error;
  }
}

/** A version that no document has reached yet, from the newest task: the clock may have been set back since. */
async function lastVersion(store: Store): Promise<bigint> {
  const [newest] = (await store.tasks({ limit: 1 })).records;
  if (newest === undefined) return 0n;
  const batchMs = 1_000;
  return versionAt(Date.parse(newest.enqueuedAt) + batchMs);
}

async function loadTopology(store: Store, config: Config) {
  const stored = await store.topology();
  const record = seedTopology(stored, config);
  if (record !== stored) await store.commit([{ kind: 'putTopology', record }]);
  return record;
}

async function start(config: Config, log: Logger, stops: ReturnType<typeof createStopList>): Promise<RunningMiroir> {
  await initHash();
  const now = Date.now;
  const metrics = createMetrics();
  const store = await openSqliteStore({ path: config.store.path, synchronous: config.store.synchronous });
  stops.add('the store', () => store.close());
  const topology = await loadTopology(store, config);

  const clients = new Map<string, NodeClient>();
  for (const node of topology.nodes) {
    const client = createNodeClient({
      id: node.id,
      address: node.address,
      apiKey: config.nodeMasterKey,
      timeoutMs: config.search.nodeTimeout,
      onOutcome(outcome) {
        recordNodeOutcome(metrics, outcome);
        health.observe(outcome);
      },
    });
    clients.set(node.id, client);
    stops.add(`the client of ${node.id}`, () => client.close());
  }
  let features: FeatureControl | null = null;
  let repairs: Repairs | null = null;
  const nodeIds = () => topology.nodes.map((node) => node.id);
  const health = createHealth({
    clients: [...clients.values()],
    interval: config.health.interval,
    timeout: config.health.timeout,
    downAfter: config.health.downAfter,
    upAfter: config.health.upAfter,
    onChange(node, state) {
      log.info({ node, state: state.state, lastError: state.lastError }, 'node changed state');
      if (state.state === 'up') features?.nodeUp(node);
      repairs?.admission.changed(node);
    },
  });
  await health.start();
  stops.add('health', () => health.stop());

  const catalog = createCatalog(await store.indexes());
  const copies = createCopyStates(await store.staleCopies(), await store.leavingCopies());
  const view = createClusterView(
    createTopologyView(topology),
    { up: (node) => repairs?.admission.up(node) ?? false },
    copies,
  );
  features = await createFeatureService({
    store,
    nodes: nodeIds,
    up: (node) => health.up(node),
    clients,
    timeoutMs: config.search.nodeTimeout,
    log,
  });
  const featureControl = features;
  stops.add('the experimental features', () => featureControl.stop());
  await features.syncAll();
  const toLogicalError = (error: ErrorBody, index: IndexRecord): ErrorBody => {
    const { displayedAttributes } = committedSettings(index) as { displayedAttributes?: string[] };
    return rewriteNodeError(error, { physicalUid: index.physicalUid, logicalUid: index.uid, displayedAttributes });
  };

  const webhooks = await createWebhooks({
    store,
    poster: createWebhookPoster(webhookTimeoutMs),
    firstRetryMs: webhookFirstRetryMs,
    onOutcome: (outcome) => metrics.webhookDeliveries.inc({ outcome }),
    log,
  });
  stops.add('the webhooks', () => webhooks.stop());

  const touched = createTouchedDocuments();
  const tasks = createTaskEngine({
    store,
    catalog,
    copies,
    view,
    clients,
    settings: createSettingsCommit({ clients, view, timeoutMs: config.search.nodeTimeout, log }),
    toLogicalError,
    writeTimeoutMs: config.write.timeout,
    minCopies: config.write.minCopies,
    retentionMs: config.tasks.retention,
    now,
    log,
    onEnded(task) {
      metrics.tasks.inc({ status: task.status });
      webhooks.taskEnded(task);
    },
    onRegistered: (task) => touched.registered(task),
  });
  const { acceptance, active } = tasks;
  repairs = createRepairs({
    tasks,
    touched,
    nodes: nodeIds,
    health,
    clients,
    config: config.rebalance,
    antiEntropy: config.antiEntropy,
    metrics: {
      repaired({ copied, deleted }, succeeded) {
        metrics.repairs.inc({ outcome: succeeded ? 'succeeded' : 'failed' });
        metrics.repairedDocuments.inc({ action: 'copied' }, copied);
        metrics.repairedDocuments.inc({ action: 'deleted' }, deleted);
      },
      verified({ differed, written, deleted }) {
        metrics.repairedDocuments.inc({ action: 'differed' }, differed);
        metrics.repairedDocuments.inc({ action: 'rewritten' }, written);
        metrics.repairedDocuments.inc({ action: 'removed' }, deleted);
      },
    },
    timeoutMs: config.write.timeout,
    log,
  });
  const { admission, scheduler, verifier } = repairs;
  await admission.start();
  stops.add('the admission of nodes', () => admission.stop());
  await tasks.start();
  scheduler.start();
  stops.add('the repairs', () => scheduler.stop());
  await verifier.start();
  stops.add('the comparison of copies', () => verifier.stop());
  stops.add('the task engine', () => tasks.stop());
  await webhooks.start();

  const versions = createVersionClock(now, await lastVersion(store));
  const prepare: PrepareOptions = { store, catalog, view, defaultShards: config.shards, now: () => rfc3339(now()) };
  const stats = createStats({ catalog, active, view, clients, timeoutMs: config.search.nodeTimeout });
  const scatter = createScatter({
    view: () => view,
    clients: { get: (id) => clients.get(id)! },
    nodeTimeoutMs: config.search.nodeTimeout,
    unavailableShards: config.search.unavailableShards,
    errors: { toLogical: toLogicalError },
    metrics: {
      fanOut: (nodes) => metrics.scatterFanOut.observe(nodes),
      retry: () => metrics.scatterRetries.inc(),
      partial: () => metrics.scatterPartial.inc(),
    },
  });
  const documents = createDocumentWriteService({ ...prepare, view, acceptance, active, versions });
  const timeoutMs = config.write.timeout;
  const editing = createDocumentEditService({ catalog, view, clients, acceptance, versions, timeoutMs });
  const countDocuments = (index: IndexRecord) => stats.countDocuments(index);
  const indexes = createIndexService({ ...prepare, acceptance, active, countDocuments, quietTimeoutMs });
  const settings = createSettingsService({ ...prepare, acceptance });
  const keys = await createKeyService({ store, masterKey: config.masterKey ?? null, now });
  const dumps = await startDumps({
    store,
    catalog,
    view,
    clients,
    tasks,
    indexes,
    settings,
    documents,
    features,
    restoreKey: (key) => keys.restore(key),
    config: config.dumps,
    maxBodyBytes: config.server.maxBodyBytes,
    log,
  });
  const services: Services = {
    search: {
      ...createSearchService({ catalog, scatter }),
      facetSearch: createFacetSearch({ catalog, scatter }),
    },
    documents: { ...createDocumentReadService({ catalog, scatter }), ...documents, ...editing },
    indexes: { ...stats, ...indexes },
    settings,
    tasks: createTaskService({ store, acceptance }),
    keys,
    dumps,
    admin: createAdminService({
      store,
      topology,
      catalog,
      copies,
      view,
      health,
      active,
      recovering: (node) => admission.recovering(node),
      repairs: () => scheduler.status(),
      verifier,
    }),
    features,
    webhooks,
    logs: createLogControl(log),
    metrics: () => metrics.text(),
  };
  metrics.beforeScrape(() => refreshGauges(metrics, { topology, catalog, copies, view, active, now }));
  if (config.metrics.enabled) {
    const server = await startMetricsServer({ host: config.metrics.host, port: config.metrics.port, metrics, log });
    stops.add('the metrics server', () => server.stop());
  }

  const server = buildServer({
    services,
    maxBodyBytes: config.server.maxBodyBytes,
    maxConcurrentRequests: config.server.maxConcurrentRequests,
    log,
    onResponse: ({ method, route, status, seconds }) =>
      metrics.requestDuration.observe({ method, route, status: String(status) }, seconds),
    onInFlight: (count) => metrics.requestsInFlight.set(count),
    adminKey: config.admin.apiKey ?? null,
  });
  const url = await server.listen({ host: config.server.host, port: config.server.port });
  stops.add('the server', () => closeWithin(server, drainMs));
  log.info({ url, nodes: topology.nodes.length }, 'serving');
  return { url, stop: () => stops.run() };
}

/** Close a server gracefully, but not for ever. */
async function closeWithin(server: { close(): Promise<unknown>; server: { closeAllConnections(): void } }, ms: number) {
  const timer = setTimeout(() => server.server.closeAllConnections(), ms);
  await server.close();
  clearTimeout(timer);
}
