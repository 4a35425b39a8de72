import { join } from 'node:path';
import { pino } from 'pino';
import { startMiroir } from '../../src/app.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { FileInput } from '../../src/config/schema.ts';
import { freePort, type LocalNode } from '../../src/nodes/local.ts';
import type { Server } from './http.ts';
import { type MiroirProcess, startMiroirProcess } from './miroir-process.ts';
import { masterKey, startGuardedNode, temporaryFolder } from './processes.ts';

/** The key of the nodes; clients of Miroir must never get far with it. */
export const nodeMasterKey = 'the-nodes-own-master-key';
/** The key of the admin API. */
export const adminKey = 'the-admin-key-for-tests';

/** What to start. */
export interface ClusterOptions {
  /** Nodes per group. */
  nodes: number;
  groups?: number;
  replicationFactor?: number;
  shards?: number;
  /** Further configuration, section by section. */
  config?: Partial<FileInput>;
  /** Something to put in front of each node; returns the address that Miroir is given instead of the node's own. */
  front?: (node: LocalNode) => Promise<string>;
  /** `child`: `dist/main.js` as a process of its own, for tests that kill it. Needs `npm run build`. */
  miroir?: 'in-process' | 'child';
}

/** Miroir in front of real nodes. */
export interface Cluster extends Server {
  readonly nodes: readonly LocalNode[];
  readonly config: FileInput;
  /** Holds the store, the logs, and a folder per node named by its id. */
  readonly folder: string;
  /** Only with `miroir: 'child'`. */
  readonly process: MiroirProcess | null;
  stop(): Promise<void>;
}

type Undo = () => Promise<void>;

async function undoAll(steps: readonly Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of [...steps].reverse()) await step().catch((error) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, 'clean-up failed');
}

async function startNodes(options: ClusterOptions, folder: string, undo: Undo[]): Promise<LocalNode[]> {
  const starts: Promise<LocalNode>[] = [];
  for (let i = 0; i < options.nodes * (options.groups ?? 1); i++) {
    const start = startGuardedNode(`node-${i}`, join(folder, `node-${i}`), nodeMasterKey);
    undo.push(async () => {
      const node = await start.catch(() => null);
      await node?.stop('SIGKILL');
    });
    starts.push(start);
  }
  return Promise.all(starts);
}

async function configuration(
  options: ClusterOptions,
  nodes: readonly LocalNode[],
  port: number,
  folder: string,
): Promise<FileInput> {
  const addresses = await Promise.all(nodes.map((node) => options.front?.(node) ?? node.address));
  return {
    master_key: masterKey,
    node_master_key: nodeMasterKey,
    admin: { api_key: adminKey },
    shards: options.shards ?? 32,
    replication_factor: options.replicationFactor ?? 1,
    nodes: nodes.map((node, i) => ({
      id: node.id,
      address: addresses[i] ?? node.address,
      group: Math.floor(i / options.nodes),
    })),
    store: { backend: 'sqlite', path: join(folder, 'miroir.db') },
    dumps: { dir: join(folder, 'dumps') },
    metrics: { enabled: false },
    log: { level: 'warn' },
    ...options.config,
    server: { ...options.config?.server, host: '127.0.0.1', port },
  };
}

async function startInProcess(config: FileInput, folder: string, undo: Undo[]): Promise<void> {
  const log = pino(
    { level: config.log?.level ?? 'warn' },
    pino.destination({ dest: join(folder, 'miroir.log'), sync: true }),
  );
  const running = await startMiroir(parseConfig(config), { log });
  undo.push(() => running.stop());
}

/** Start nodes and Miroir on free loopback ports; on failure everything that was started is stopped again. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const undo: Undo[] = [];
  try {
    const folder = await temporaryFolder('cluster');
    undo.push(folder.remove);
    const nodes = await startNodes(options, folder.path, undo);
    const port = await freePort();
    const config = await configuration(options, nodes, port, folder.path);
    let child: MiroirProcess | null = null;
    if (options.miroir === 'child') {
      child = await startMiroirProcess(config, folder.path);
      undo.push(() => child?.stop() ?? Promise.resolve());
    } else {
      await startInProcess(config, folder.path, undo);
    }
    return {
      address: `http://127.0.0.1:${port}`,
      masterKey,
      nodes,
      config,
      folder: folder.path,
      process: child,
      stop: () => undoAll(undo),
    };
  } catch (error) {
    await undoAll(undo).catch(() => undefined);
    throw error;
  }
}
