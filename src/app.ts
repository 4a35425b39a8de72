import { createAdminService } from './admin/admin-service.ts';
import { refreshGauges } from './admin/gauges.ts';
import type { Config } from './config/schema.ts';
import { createDocumentEditService } from './documents/edit-service.ts';
import { createBatchJudge } from './documents/judge-batch.ts';
import { createVersionClock, versionAt } from './documents/markers.ts';
import { createDocumentReadService } from './documents/read.ts';
import { createVectorLookup } from './documents/stored-vectors.ts';
import { createDocumentWriteService } from './documents/write-service.ts';
import { startDumps } from './dumps/start.ts';
import { createWholeIndexes } from './dumps/whole-indexes.ts';
import type { ErrorBody } from './errors/api-error.ts';
import { startExports } from './export/start.ts';
import { createMemoryBudget } from './http/memory-budget.ts';
import { buildServer } from './http/server.ts';
import type { Services } from './http/services.ts';
import { createCatalog } from './indexes/catalog.ts';
import { rewriteNodeError } from './indexes/error-rewrite.ts';
import { createIndexService } from './indexes/index-service.ts';
import type { PrepareOptions } from './indexes/prepare.ts';
import { committedSettings } from './indexes/settings/accepted.ts';
import { createSettingsCommit, createSettingsService } from './indexes/settings/service.ts';
import { createStats } from './indexes/stats.ts';
import { createFeatureService, type FeatureControl } from './instance/feature-service.ts';
import { createLogControl } from './instance/log-target.ts';
import { createWebhookPoster } from './instance/webhooks/post.ts';
import { createWebhooks } from './instance/webhooks/service.ts';
import { createKeyService } from './keys/key-service.ts';

import { createExtraBudget } from './nodes/budget.ts';
import { createNodeClient, type NodeClient } from './nodes/client.ts';
import { givingUpWhenDown } from './nodes/give-up.ts';
import { createHealth } from './nodes/health.ts';
import { createNodeRegistry, type NodeAddress } from './nodes/registry.ts';
import { createReplicaSelection } from './nodes/replica-selection.ts';
import { machineTime } from './nodes/timing.ts';

import type { Logger } from './observability/log.ts';
import { createMetrics, recordNodeOutcome } from './observability/metrics.ts';
import { startMetricsServer } from './observability/metrics-server.ts';
import { createClusterView } from './placement/cluster-view.ts';
import { createCopyStates } from './placement/copies.ts';
import { initHash } from './placement/hash.ts';
import { createTopology } from './placement/topology.ts';
import { editedTopology } from './rebalance/change.ts';
import { loadTopology } from './rebalance/load-topology.ts';
import { createRebalancing } from './rebalance/start.ts';
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
import { createProgressReader } from './tasks/progress.ts';
import { createSessions } from './tasks/sessions.ts';
import { createTaskService } from './tasks/task-service.ts';
import { realTiming } from './tasks/timing.ts';

/** A Miroir that serves. */
export interface RunningMiroir {
  /** Where clients connect, for example `http://127.0.0.1:7700`. */
  readonly url: string;
  /** Stop taking requests, let those under way end, and let go of everything. */
  stop(): Promise<void>;
}

/** Milliseconds that requests under way get to end when Miroir stops. */
const drainMs = 10_000;
/** Milliseconds a write waits for earlier tasks of its index where its fate depends on what they leave. */
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

async function start(config: Config, log: Logger, stops: ReturnType<typeof createStopList>): Promise<RunningMiroir> {
  await initHash();
  const now = Date.now;
  const metrics = createMetrics();
  const store = await openSqliteStore({ path: config.store.path, synchronous: config.store.synchronous });
  stops.add('the store', () => store.close());
  const loaded = await loadTopology(store, config);
  const topology = createTopology(loaded.record);

  const clientOf = ({ id, address }: NodeAddress) => ({
    id,
    address,
    apiKey: config.nodeMasterKey,
    timeoutMs: config.search.nodeTimeout,
  });
  let features: FeatureControl | null = null;
  let repairs: Repairs | null = null;
  const clients = createNodeRegistry({
    create: (node) =>
      createNodeClient({
        ...clientOf(node),
        onOutcome(outcome) {
          recordNodeOutcome(metrics, outcome);
          health.observe(outcome);
        },
      }),
    onAdded(client) {
      health.add(client);
      writers.set(client.id, givingUpWhenDown(client, health));
    },
    onRemoved(nodeId) {
      health.remove(nodeId);
      writers.delete(nodeId);
    },
  });
  /** The same for writes. */
  const writers = new Map<string, NodeClient>();
  stops.add('the clients of the nodes', () => clients.close());
  const health = createHealth({
    clients: [],
    ...config.health,
    onChange(node, { state, lastError, until }, before) {
      log.info({ node, state, lastError, until }, 'node changed state');
      repairs?.admission.changed(node);
      if (before === 'up' && state !== 'up') metrics.nodeCircuitOpenings.inc({ node });
      if (state !== 'up') return;
      selection.forget(node);
      features?.nodeUp(node);
    },
  });
  const selection = createReplicaSelection({
    timing: machineTime,
    suspect: (node) => health.suspect(node),
    ...config.search.replicaSelection,
    minHedgeDelay: config.search.hedging.minDelay,
  });
  clients.setNodes(topology.record().nodes);
  await health.start();
  stops.add('health', () => health.stop());

  const catalog = createCatalog(await store.indexes());
  const copies = createCopyStates(await store.staleCopies(), await store.leavingCopies());
  const nodeIds = () => topology.record().nodes.map((node) => node.id);
  const view = createClusterView(topology, { up: (node) => repairs?.admission.up(node) ?? false }, copies);
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
    topology,
    clients: writers,
    settings: createSettingsCommit({ clients, view, timeoutMs: config.search.nodeTimeout, log }),
    toLogicalError,
    probe: (node) => health.probeNow(node),
    policy: config.write,
    writeTimeoutMs: config.write.timeout,
    probeAfterMs: config.write.probeAfter,
    resends: config.write.resends,
    maxWaiting: config.write.maxWaiting,
    maxUnfinished: config.tasks.maxUnfinished,
    retentionMs: config.tasks.retention,
    nodeRetentionMs: config.tasks.nodeRetention,
    idempotency: { retentionMs: config.idempotency.retention, maxKeys: config.idempotency.maxKeys },
    now,
    timing: realTiming,
    onLostAnswer: (outcome) => metrics.lostAnswers.inc({ outcome }),
    log,
    onEnded(task) {
      metrics.tasks.inc({ status: task.status });
      webhooks.taskEnded(task);
    },
    onRegistered: (task) => touched.registered(task),
  });
  const { acceptance, active } = tasks;
  const rebalance = await createRebalancing({
    tasks,
    topology,
    clients,
    connect: (node) => createNodeClient(clientOf(node)),
    health,
    config,
    onTopology: (record) => clients.setNodes(record.nodes),
    now,
    log,
  });
  repairs = createRepairs({
    may: (mark) => rebalance.mayFill(mark),
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
  rebalance.start();
  stops.add('the moving of copies', () => rebalance.stop());
  if (loaded.edits !== null) await rebalance.service.change(editedTopology(loaded.edits));
  await store.commit([loaded.seen]);
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
    timing: machineTime,
    selection,
    leastLoadedGroup: config.search.groupSelection === 'least_loaded',
    hedging: config.search.hedging.enabled,
    budget: createExtraBudget(config.search.hedging.budget),
    nodeTimeoutMs: config.search.nodeTimeout,
    unavailableShards: config.search.unavailableShards,
    errors: { toLogical: toLogicalError },
    metrics: {
      fanOut: (nodes) => metrics.scatterFanOut.observe(nodes),
      retry: () => metrics.scatterRetries.inc(),
      hedge: (outcome) => metrics.hedges.inc({ outcome }),
      partial: () => metrics.scatterPartial.inc(),
    },
  });
  const judgeBatch = createBatchJudge({ catalog, active, lookup: createVectorLookup(scatter), quietTimeoutMs });
  const documents = createDocumentWriteService({ ...prepare, view, acceptance, judgeBatch, versions });
  const timeoutMs = config.write.timeout;
  const editing = createDocumentEditService({ catalog, view, clients, acceptance, versions, timeoutMs });
  const countDocuments = (index: IndexRecord) => stats.countDocuments(index);
  const indexes = createIndexService({ ...prepare, view, acceptance, active, countDocuments, quietTimeoutMs });
  const settings = createSettingsService({ ...prepare, acceptance, active });
  const keys = await createKeyService({ store, masterKey: config.masterKey ?? null, now });
  const wholeIndexes = createWholeIndexes({ view, clients, tasks, config: config.dumps });
  const dumps = await startDumps({
    store,
    catalog,
    wholeIndexes,
    tasks,
    indexes,
    settings,
    documents,
    features,
    restoreKey: (key) => keys.restore(key),
    maxImportBytes: config.dumps.maxImportBytes,
    maxBodyBytes: config.server.maxBodyBytes,
    log,
  });
  const exports = startExports({ catalog, ...wholeIndexes, tasks, toLogicalError, log });
  const progress = createProgressReader({
    active,
    clients,
    jobSteps: (uid) => tasks.jobs.progressOf(uid),
    timeoutMs: config.health.timeout,
  });
  const services: Services = {
    search: {
      ...createSearchService({ catalog, scatter, semanticOverFetch: config.search.semanticOverFetch }),
      facetSearch: createFacetSearch({ catalog, scatter }),
    },
    documents: { ...createDocumentReadService({ catalog, scatter }), ...documents, ...editing },
    indexes: { ...stats, ...indexes },
    settings,
    tasks: createTaskService({ store, acceptance, progress }),
    keys,
    dumps,
    exports,
    admin: createAdminService({
      store,
      topology,
      catalog,
      copies,
      view,
      health,
      selection,
      active,
      capacities: rebalance.capacities,
      recovering: (node) => admission.recovering(node),
      repairs: () => scheduler.status(),
      verifier,
    }),
    operations: rebalance.operations,
    features,
    webhooks,
    logs: createLogControl(log),
    sessions: createSessions({ active, timing: realTiming, maxWaitMs: config.sessions.maxWait }),
    metrics: () => metrics.text(),
  };
  metrics.beforeScrape(() =>
    refreshGauges(metrics, { topology, catalog, copies, view, health, selection, active, now }),
  );
  if (config.metrics.enabled) {
    const server = await startMetricsServer({ host: config.metrics.host, port: config.metrics.port, metrics, log });
    stops.add('the metrics server', () => server.stop());
  }

  const copiesPerDocument = topology.record().replicationFactor * view.groups().length;
  const memory = createMemoryBudget(config.server.memoryLimit, copiesPerDocument, () => process.memoryUsage.rss());
  const server = buildServer({
    services,
    limits: config.server,
    memory,
    log,
    onResponse: ({ method, route, status, seconds }) =>
      metrics.requestDuration.observe({ method, route, status: String(status) }, seconds),
    onInFlight: (count) => metrics.requestsInFlight.set(count),
    onWaiting: (count) => metrics.requestsWaiting.set(count),
    onShed: () => metrics.requestsShed.inc(),
    adminKey: config.admin.apiKey ?? null,
  });
  const url = await server.listen({ host: config.server.host, port: config.server.port });
  stops.add('the server', () => closeWithin(server, drainMs));
  log.info({ url, nodes: topology.record().nodes.length }, 'serving');
  return { url, stop: () => stops.run() };
}

/** Close a server gracefully, but not for ever. */
async function closeWithin(server: { close(): Promise<unknown>; server: { closeAllConnections(): void } }, ms: number) {
  const timer = setTimeout(() => server.server.closeAllConnections(), ms);
  await server.close();
  clearTimeout(timer);
}
