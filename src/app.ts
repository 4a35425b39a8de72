import { refreshGauges, refreshRebalanceGauges } from './admin/gauges.ts';
import type { Config } from './config/schema.ts';
import type { ErrorBody } from './errors/api-error.ts';
import { createMemoryBudget } from './http/memory-budget.ts';
import { buildServer } from './http/server.ts';
import { rewriteNodeError } from './indexes/error-rewrite.ts';
import { committedSettings } from './indexes/settings/accepted.ts';
import type { Logger } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { startMetricsServer } from './observability/metrics-server.ts';
import { initHash } from './placement/hash.ts';
import type { IndexRecord } from './store/records.ts';
import { type Cluster, type Process, startCluster } from './wiring/cluster.ts';
import { buildServices } from './wiring/services.ts';
import { createStopList } from './wiring/stop-list.ts';
import { startWriting, type Writing } from './wiring/writing.ts';

/** A Miroir that serves. */
export interface RunningMiroir {
  /** Where clients connect, for example `http://127.0.0.1:7700`. */
  readonly url: string;
  /** Stop taking requests, let those under way end, and let go of everything. */
  stop(): Promise<void>;
}

/** Milliseconds that requests under way get to end when Miroir stops. */
const drainMs = 10_000;

/** Builds every part once, wires them, starts them in order. Throws, with everything stopped again, when one cannot start. */
export async function startMiroir(config: Config, { log }: { log: Logger }): Promise<RunningMiroir> {
  const stops = createStopList(log);
  try {
    return await start({ config, log, metrics: createMetrics(), stops, now: Date.now });
  } catch (error) {
    await stops.run();
    throw error;
  }
}

async function start(process: Process): Promise<RunningMiroir> {
  await initHash();
  const cluster = await startCluster(process);
  const writing = await startWriting(process, cluster, toLogicalError);
  const services = await buildServices(process, cluster, writing, toLogicalError);
  await startMeasuring(process, cluster, writing);
  const url = await startServing(process, cluster, writing, services);
  process.log.info({ url, nodes: cluster.nodeIds().length }, 'serving');
  return { url, stop: () => process.stops.run() };
}

/** A node's error as one Meilisearch would have put it. */
function toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody {
  const { displayedAttributes } = committedSettings(index) as { displayedAttributes?: string[] };
  return rewriteNodeError(error, { physicalUid: index.physicalUid, logicalUid: index.uid, displayedAttributes });
}

async function startMeasuring(
  { config, log, metrics, stops, now }: Process,
  cluster: Cluster,
  { tasks, rebalance }: Writing,
) {
  metrics.beforeScrape(() => {
    refreshGauges(metrics, { ...cluster, active: tasks.active, now });
    refreshRebalanceGauges(metrics, rebalance.status());
  });
  if (!config.metrics.enabled) return;
  const server = await startMetricsServer({ host: config.metrics.host, port: config.metrics.port, metrics, log });
  stops.add('the metrics server', () => server.stop());
}

/** Whose times tell whether copying is in the way of searches. */
const searchRoutes = new Set(['/indexes/:indexUid/search', '/multi-search']);

async function startServing(
  { config, log, metrics, stops }: Process,
  { topology, catalog, view }: Cluster,
  { rebalance, repairs }: Writing,
  services: Awaited<ReturnType<typeof buildServices>>,
): Promise<string> {
  // while copies move, those on their way out are written as well; while the number of shards changes, both layouts are
  const copiesPerDocument = () => {
    const layouts = catalog.listVisible().some((index) => catalog.shadowOf(index) !== null) ? 2 : 1;
    const moving = rebalance.service.underWay ? 1 : 0;
    return layouts * (topology.record().replicationFactor * view.groups().length + moving);
  };
  const memory = createMemoryBudget(config.server.memoryLimit, copiesPerDocument, () =>
    globalThis.process.memoryUsage.rss(),
  );
  const server = buildServer({
    services,
    limits: config.server,
    memory,
    log,
    onResponse({ method, route, status, seconds }) {
      metrics.requestDuration.observe({ method, route, status: String(status) }, seconds);
      if (status === 200 && searchRoutes.has(route)) repairs.pacer.searched(seconds * 1_000);
    },
    onInFlight: (count) => metrics.requestsInFlight.set(count),
    onWaiting: (count) => metrics.requestsWaiting.set(count),
    onShed: () => metrics.requestsShed.inc(),
    adminKey: config.admin.apiKey ?? null,
  });
  const url = await server.listen({ host: config.server.host, port: config.server.port });
  stops.add('the server', () => closeWithin(server, drainMs));
  return url;
}

/** Close a server gracefully, but not for ever. */
async function closeWithin(server: { close(): Promise<unknown>; server: { closeAllConnections(): void } }, ms: number) {
  const timer = setTimeout(() => server.server.closeAllConnections(), ms);
  await server.close();
  clearTimeout(timer);
}
