import { chmod, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { closeWithin, drainMs } from '../http/close.ts';
import { createMemoryBudget } from '../http/memory-budget.ts';
import { searchPaths } from '../http/routes/all.ts';
import { buildServer } from '../http/server.ts';
import { startWorkerPool } from '../workers/pool.ts';
import { snapshot } from '../workers/read-state.ts';
import { takeNotice } from '../workers/sightings.ts';
import type { Cluster, Process } from './cluster.ts';
import type { MainServices } from './services.ts';
import type { Writing } from './writing.ts';

function mainServer(process: Process, writing: Writing, services: MainServices): FastifyInstance {
  const { config, log, metrics, broadcast } = process;
  return buildServer({
    services,
    limits: config.server,
    memory: createMemoryBudget(config.server.memoryLimit, () => globalThis.process.memoryUsage.rss()),
    log,
    onResponse({ method, route, status, seconds }) {
      metrics.requestDuration.observe({ method, route, status: String(status) }, seconds);
      if (status === 200 && searchPaths.has(route)) writing.repairs.pacer.searched(seconds * 1_000);
    },
    onInFlight: (count) => metrics.requestsInFlight.set(count),
    onWaiting: (count) => metrics.requestsWaiting.set(count),
    onShed: () => metrics.requestsShed.inc(),
    adminKey: config.admin.apiKey ?? null,
    settled: broadcast.settled,
  });
}

/** The longest that systems allow for the path of a socket, less its end. */
const longestSocketPath = 100;

/** Beside the store, whose lock tells that nobody else uses it. */
function socketPathOf(storePath: string): string {
  const path = `${resolve(storePath)}.sock`;
  if (Buffer.byteLength(path) <= longestSocketPath) return path;
  throw new Error(
    `server.workers needs a socket beside the store, and ${path} is longer than the ${longestSocketPath} bytes that are possible. Use a shorter store.path.`,
  );
}

async function startWorkers(
  { config, log, logFile, metrics, stops, broadcast }: Process,
  cluster: Cluster,
  { repairs }: Writing,
  { keys }: MainServices,
  server: FastifyInstance,
): Promise<string> {
  const socketPath = socketPathOf(config.store.path);
  await rm(socketPath, { force: true });
  await server.listen({ path: socketPath });
  await chmod(socketPath, 0o600);
  const pool = await startWorkerPool({
    count: config.server.workers,
    config,
    socketPath,
    logFile,
    broadcast,
    snapshot: () => snapshot({ ...cluster, keys }),
    onSeen: (sightings) => takeNotice(sightings, { ...cluster, pacer: repairs.pacer }),
    onRestart: () => metrics.workerRestarts.inc(),
    log,
  });
  stops.add('the workers', () => pool.stop(drainMs));
  metrics.addSource(pool.measure);
  return pool.url;
}

/** Begins to take requests, in this process or in as many workers as are configured; resolves with the address. */
export async function startServing(
  process: Process,
  cluster: Cluster,
  writing: Writing,
  services: MainServices,
): Promise<string> {
  const { config, stops } = process;
  const server = mainServer(process, writing, services);
  stops.add('the server', () => closeWithin(server, drainMs));
  if (config.server.workers > 1) return startWorkers(process, cluster, writing, services, server);
  return server.listen({ host: config.server.host, port: config.server.port });
}
