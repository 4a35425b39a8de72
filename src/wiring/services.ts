import { createAdminService } from '../admin/admin-service.ts';
import { createDocumentEditService } from '../documents/edit-service.ts';
import { createBatchJudge } from '../documents/judge-batch.ts';
import { createVersionClock, versionAt } from '../documents/markers.ts';
import { createVectorLookup } from '../documents/stored-vectors.ts';
import { createDocumentWriteService } from '../documents/write-service.ts';
import { startDumps } from '../dumps/start.ts';
import { createWholeIndexes } from '../dumps/whole-indexes.ts';
import { startExports } from '../export/start.ts';
import type { Services } from '../http/services.ts';
import { createIndexService } from '../indexes/index-service.ts';
import type { PrepareOptions } from '../indexes/prepare.ts';
import { createSettingsService } from '../indexes/settings/service.ts';
import { createStats } from '../indexes/stats.ts';
import { createLogControl } from '../instance/log-target.ts';
import { createKeyService, type StoredKeys } from '../keys/key-service.ts';
import { machineTime } from '../nodes/timing.ts';
import type { IndexRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { rfc3339 } from '../tasks/clock.ts';
import { createProgressReader } from '../tasks/progress.ts';
import { createSessions } from '../tasks/sessions.ts';
import { createTaskService } from '../tasks/task-service.ts';
import type { Cluster, Process } from './cluster.ts';
import { buildReading, toLogicalError } from './reading.ts';
import type { Writing } from './writing.ts';

/** Milliseconds a write waits for earlier tasks of its index where its fate depends on what they leave. */
const quietTimeoutMs = 60_000;

/** A version that no document has reached yet, from the newest task: the clock may have been set back since. */
async function lastVersion(store: Store): Promise<bigint> {
  const [newest] = (await store.tasks({ limit: 1 })).records;
  if (newest === undefined) return 0n;
  const batchMs = 1_000;
  return versionAt(Date.parse(newest.enqueuedAt) + batchMs);
}

/** The services of the process that owns the store. */
export interface MainServices extends Services {
  keys: StoredKeys;
}

/** Everything that the routes call. */
export async function buildServices(
  process: Process,
  cluster: Cluster,
  { tasks, rebalance, repairs, resharding, webhooks }: Writing,
): Promise<MainServices> {
  const { config, log, metrics, broadcast, now } = process;
  const { store, catalog, copies, view, topology, clients, health, selection, features } = cluster;
  const { acceptance, active } = tasks;
  const versions = createVersionClock(now, await lastVersion(store));
  const prepare: PrepareOptions = { store, catalog, view, defaultShards: config.shards, now: () => rfc3339(now()) };
  const stats = createStats({ catalog, active, view, clients, timeoutMs: config.search.nodeTimeout });
  const { scatter, search, documents: reads } = buildReading(config, metrics, cluster);
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
  return {
    search,
    documents: { ...reads, ...documents, ...editing },
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
      recovering: (node) => repairs.admission.recovering(node),
      repairs: () => repairs.scheduler.status(),
      verifier: repairs.verifier,
    }),
    operations: rebalance.operations,
    reshard: resharding.service,
    features,
    webhooks,
    logs: createLogControl(log, (level) => broadcast.send({ kind: 'logLevel', level })),
    sessions: createSessions({ active, timing: machineTime, maxWaitMs: config.sessions.maxWait }),
    metrics: () => metrics.text(),
  };
}
