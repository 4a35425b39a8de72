import { execFileSync } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.ts';
import type { Server } from '../support/http.ts';
import type { MiroirProcess } from '../support/miroir-process.ts';
import type { Rng } from '../support/rng.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';

/** A real node with a fault proxy in front of it. */
export interface LabNode extends Server {
  readonly id: string;
  readonly group: number;
  readonly pid: number;
  /** Between Miroir and the node. `address` is the node's own, around the proxy. */
  readonly proxy: FaultProxy;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: it accepts connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** While it is killed: delete its data. */
  wipe(): Promise<void>;
  /** While it is killed: remember its data, or put back what was remembered. */
  keepDisk(): Promise<void>;
  restoreDisk(): Promise<void>;
}

/** Miroir in a process of its own in front of real nodes, each behind a fault proxy. */
export interface Lab extends Server {
  readonly nodes: readonly LabNode[];
  readonly cluster: Cluster;
  readonly miroir: MiroirProcess;
  readonly rng: Rng;
  /** What was done when, in seconds since the lab stood, for the report. */
  readonly events: string[];
  note(event: string): void;
  /** Put a small file system of its own at a path of the lab's folder. Only root may. */
  smallDisk(path: string, mebibytes: number): Promise<void>;
  /** Make everything healthy again: lines, paused processes, nodes. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** What a scenario wants of its cluster. */
export type LabOptions = Pick<ClusterOptions, 'nodes' | 'groups' | 'replicationFactor' | 'shards' | 'config'>;

/** A process that was killed cannot be told to go on, and that is fine. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone
  }
}

function labNode(cluster: Cluster, position: number, proxy: FaultProxy, perGroup: number): LabNode {
  const node = cluster.nodes[position]!;
  const data = join(cluster.folder, node.id, 'data.ms');
  const kept = join(cluster.folder, node.id, 'kept.ms');
  let running = true;
  return {
    id: node.id,
    group: Math.floor(position / perGroup),
    address: node.address,
    masterKey: node.masterKey,
    get pid() {
      return node.pid;
    },
    proxy,
    async kill() {
      running = false;
      await Promise.all([node.stop('SIGKILL'), proxy.down()]);
    },
    async start() {
      if (running) return;
      await node.restart();
      await proxy.up();
      running = true;
    },
    pause: () => signal(node.pid, 'SIGSTOP'),
    resume: () => signal(node.pid, 'SIGCONT'),
    async wipe() {
      await rm(data, { recursive: true, force: true });
    },
    async keepDisk() {
      await rm(kept, { recursive: true, force: true });
      await cp(data, kept, { recursive: true });
    },
    async restoreDisk() {
      await rm(data, { recursive: true, force: true });
      await cp(kept, data, { recursive: true });
    },
  };
}

/** A tmpfs at `path`; the result takes it away again. Throws when this user may not. */
async function mountSmallDisk(path: string, mebibytes: number): Promise<() => void> {
  await mkdir(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'pipe' });
  // Lazy, because a process that is being killed may hold it a moment longer.
  const unmount = () => execFileSync('umount', ['-l', path], { stdio: 'pipe' });
  process.once('exit', unmount);
  return () => {
    process.off('exit', unmount);
    unmount();
  };
}

/** Start a lab; on failure nothing stays behind. */
export async function startLab(options: LabOptions, rng: Rng): Promise<Lab> {
  const proxies: FaultProxy[] = [];
  const byNode = new Map<string, FaultProxy>();
  const closeProxies = async () => {
    for (const proxy of proxies) await proxy.close();
  };
  const cluster = await startCluster({
    ...options,
    miroir: 'child',
    async front(node) {
      const proxy = await startFaultProxy(node.address, rng);
      proxies.push(proxy);
      byNode.set(node.id, proxy);
      return proxy.address;
    },
  }).catch(async (error: unknown) => {
    await closeProxies();
    throw error;
  });
  const { process: miroir } = cluster;
  if (miroir === null) throw new Error('Miroir does not run as a child process');
  const nodes = cluster.nodes.map((node, i) => labNode(cluster, i, byNode.get(node.id)!, options.nodes));
  const started = performance.now();
  const events: string[] = [];
  const unmounts: (() => void)[] = [];
  return {
    address: cluster.address,
    masterKey: cluster.masterKey,
    nodes,
    cluster,
    miroir,
    rng,
    events,
    note: (event) => events.push(`${((performance.now() - started) / 1_000).toFixed(1)} s: ${event}`),
    async smallDisk(path, mebibytes) {
      unmounts.push(await mountSmallDisk(join(cluster.folder, path), mebibytes));
    },
    async heal() {
      for (const node of nodes) {
        node.resume();
        node.proxy.heal();
        await node.start();
      }
    },
    async stop() {
      for (const node of nodes) node.resume();
      // Nodes write until they are gone, and their folder cannot go before its file systems do.
      await Promise.all(cluster.nodes.map((node) => node.stop('SIGKILL')));
      await miroir.stop('SIGKILL');
      for (const unmount of unmounts) unmount();
      await cluster.stop();
      await closeProxies();
    },
  };
}

/** Wait until `check` holds; false when it did not in time. */
export async function waitFor(check: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(100)) {
    if (await check().catch(() => false)) return true;
    if (performance.now() > deadline) return false;
  }
}
