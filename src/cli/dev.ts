import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type DevCluster, layoutProblem, startDevCluster } from '../nodes/dev-cluster.ts';
import type { DevLayout } from '../nodes/dev-state.ts';
import { portIsFree } from '../nodes/local.ts';
import { createLogger } from '../observability/log.ts';
import { devReport } from './dev-report.ts';
import { OperatorError } from './errors.ts';
import { loadSample } from './sample.ts';
import { watchShutdown } from './shutdown.ts';

/** Flags of `miroir dev`. */
export interface DevFlags extends DevLayout {
  workers: number;
  port: number;
  host: string;
  masterKey?: string;
  ephemeral?: boolean;
  dir: string;
  sample?: string;
  logLevel: string;
}

function devConfig(flags: DevFlags, cluster: DevCluster, directory: string): Config {
  const masterKey = flags.masterKey ?? cluster.masterKey;
  return loadConfig({
    env: process.env,
    flags: {
      master_key: masterKey,
      node_master_key: cluster.nodeMasterKey,
      admin: { api_key: masterKey },
      nodes: cluster.nodes,
      shards: flags.shards,
      replication_factor: flags.replicationFactor,
      store: { backend: 'sqlite', path: join(directory, 'miroir.db') },
      dumps: { dir: join(directory, 'dumps') },
      server: { host: flags.host, port: flags.port, workers: flags.workers },
      metrics: { enabled: false },
      log: { level: flags.logLevel },
    },
  }).config;
}

function openDirectory(flags: DevFlags): { directory: string; discard(): void } {
  if (flags.ephemeral !== true) {
    const directory = resolve(flags.dir);
    mkdirSync(directory, { recursive: true });
    return { directory, discard: () => {} };
  }
  const directory = mkdtempSync(join(tmpdir(), 'miroir-dev-'));
  return { directory, discard: () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }) };
}

async function requireFit(flags: DevFlags): Promise<void> {
  const problem = layoutProblem(flags);
  if (problem !== null) throw new OperatorError(`${problem}. Change --nodes, --groups or --replication-factor.`);
  if (flags.port === 0 || (await portIsFree(flags.port, flags.host))) return;
  throw new OperatorError(
    `port ${flags.port} on ${flags.host} cannot be opened; another program probably uses it. Stop that program or choose another port with --port.`,
  );
}

/** Runs every step, the last one first, also after one failed; rejects with the first failure. */
async function undoAll(steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of [...steps].reverse()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** `miroir dev`: a whole cluster on this machine, until a signal asks it to stop. */
export async function dev(flags: DevFlags): Promise<void> {
  await requireFit(flags);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const shutdown = watchShutdown(() => say('\nstopping ... (Ctrl-C again ends everything at once)'));
  const { directory, discard } = openDirectory(flags);
  const undo: (() => Promise<void> | void)[] = [shutdown.dispose, discard];
  try {
    const { nodes, groups, replicationFactor, shards } = flags;
    say(`starting ${nodes} Meilisearch ${nodes === 1 ? 'node' : 'nodes'} in ${directory} ...`);
    const cluster = await startDevCluster({
      directory,
      layout: { nodes, groups, replicationFactor, shards },
      reservedPorts: [flags.port],
      signal: shutdown.signal,
    });
    undo.push(cluster.stop);

    const config = devConfig(flags, cluster, directory);
    const logFile = join(directory, 'miroir.log');
    const log = createLogger(config.log.level, logFile);
    const { startMiroir } = await import('../app.ts');
    const miroir = await startMiroir(config, { log, logFile });
    undo.push(miroir.stop);
    shutdown.signal.throwIfAborted();

    const access = { url: miroir.url, masterKey: config.masterKey ?? '' };
    if (flags.sample !== undefined) await loadSample(flags.sample, access, shutdown.signal);
    say(await devReport(config, { ...access, directory, sample: flags.sample !== undefined }));
    await shutdown.requested;
  } finally {
    await undoAll(undo);
  }
}
