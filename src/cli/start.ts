import type { Config } from '../config/schema.ts';
import { checkNodes } from '../nodes/preflight.ts';
import { createLogger, type Logger } from '../observability/log.ts';
import { type ConfigFlags, loadFromFlags } from './config-source.ts';
import { OperatorError } from './errors.ts';
import { watchShutdown } from './shutdown.ts';
import { packageVersion } from './version.ts';

/** Nodes and Miroir are often started at the same moment. */
const patienceMs = 10_000;

/** Refuses to start when no node can be reached or one does not take the key; warns of single nodes that are away. */
async function requireNodes(config: Config, log: Logger, signal: AbortSignal): Promise<void> {
  const found = await checkNodes({
    nodes: config.nodes,
    apiKey: config.nodeMasterKey,
    timeoutMs: config.health.timeout,
    patienceMs,
    onWait: () => log.info({ patienceMs }, 'no node answers yet, waiting'),
    signal,
  });
  signal.throwIfAborted();
  const list = (nodes: readonly { id: string; address: string }[]) =>
    nodes.map(({ id, address }) => `${id} at ${address}`).join(', ');
  if (found.refusing.length > 0) {
    throw new OperatorError(
      `the key for the nodes is wrong: ${list(found.refusing)} refused it. Set node_master_key (MIROIR_NODE_MASTER_KEY) to the master key that the nodes were started with.`,
    );
  }
  if (found.reachable.length === 0) {
    const reasons = found.unreachable.map(({ address, error }) => `${error} at ${address}`).join('; ');
    throw new OperatorError(
      `no node can be reached (${reasons}). Check that Meilisearch runs there and that the addresses under nodes are right.`,
    );
  }
  for (const { id, address, error } of found.unreachable) log.warn({ node: id, address, error }, 'node is away');
}

/** `miroir start`: runs until a signal asks it to stop. */
export async function start(flags: ConfigFlags): Promise<void> {
  const { config, warnings } = loadFromFlags(flags);
  const log = createLogger(config.log.level);
  log.info({ version: packageVersion(), node: process.version }, 'starting');
  for (const { path, message } of warnings) log.warn({ key: path }, `configuration: ${message}`);
  const shutdown = watchShutdown((signal) => log.info({ signal }, 'stopping'));
  try {
    await requireNodes(config, log, shutdown.signal);
    const { startMiroir } = await import('../app.ts');
    const miroir = await startMiroir(config, { log });
    await shutdown.requested;
    await miroir.stop();
    log.info('stopped');
  } finally {
    shutdown.dispose();
  }
}
