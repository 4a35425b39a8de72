import { refreshGauges, refreshRebalanceGauges } from './admin/gauges.ts';
import type { Config } from './config/schema.ts';
import type { Logger } from './observability/log.ts';
import { createMetrics } from './observability/metrics.ts';
import { startMetricsServer } from './observability/metrics-server.ts';
import { initHash } from './placement/hash.ts';
import { type Cluster, type Process, startCluster } from './wiring/cluster.ts';
import { buildServices } from './wiring/services.ts';
import { startServing } from './wiring/serving.ts';
import { createStopList } from './wiring/stop-list.ts';
import { startWriting, type Writing } from './wiring/writing.ts';
import { createBroadcast } from './workers/broadcast.ts';

/** A Miroir that serves. */
export interface RunningMiroir {
  /** Where clients connect, for example `http://127.0.0.1:7700`. */
  readonly url: string;
  /** Stop taking requests, let those under way end, and let go of everything. */
  stop(): Promise<void>;
}

/** Milliseconds that a worker process may take to confirm what it was told; all answers to writes wait for it. */
const workerPatienceMs = 3_000;

/**
 * Builds every part once, wires them, starts them in order. `logFile` is what `log` writes to, for worker processes; null when
 * that is standard output. Throws, with everything stopped again, when a part cannot start.
 */
export async function startMiroir(
  config: Config,
  { log, logFile = null }: { log: Logger; logFile?: string | null },
): Promise<RunningMiroir> {
  const stops = createStopList(log);
  try {
    const broadcast = createBroadcast(workerPatienceMs);
    return await start({ config, log, logFile, metrics: createMetrics(), stops, broadcast, now: Date.now });
  } catch (error) {
    await stops.run();
    throw error;
  }
}

async function start(process: Process): Promise<RunningMiroir> {
  await initHash();
  const cluster = await startCluster(process);
  const writing = await startWriting(process, cluster);
  const services = await buildServices(process, cluster, writing);
  await startMeasuring(process, cluster, writing);
  const url = await startServing(process, cluster, writing, services);
  process.log.info({ url, nodes: cluster.nodeIds().length }, 'serving');
  return { url, stop: () => process.stops.run() };
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
