import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DevLayout, type DevState, newDevState, readDevState, writeDevState } from './dev-state.ts';
import { freePort, type LocalNode, portIsFree, startLocalNode } from './local.ts';
import { listProcesses, type ProcessInfo, processCommand } from './processes.ts';

/** Real Meilisearch nodes on this machine, for trying Miroir out and for tests. */
export interface DevCluster {
  readonly nodes: readonly { readonly id: string; readonly address: string; readonly group: number }[];
  /** The nodes' own master key. */
  readonly nodeMasterKey: string;
  /** A master key for Miroir that belongs to the folder. */
  readonly masterKey: string;
  /** Ends every node and waits until it is gone; data stays. */
  stop(): Promise<void>;
}

/** Options of `startDevCluster`. */
export interface DevClusterOptions {
  /** Holds data, logs, ports and keys; created when absent. */
  directory: string;
  layout: DevLayout;
  /** Ports that nodes must not take, such as Miroir's own. */
  reservedPorts?: readonly number[];
  /** Aborting ends a start under way with everything it started. */
  signal?: AbortSignal;
}

function describeLayout(layout: DevLayout): string {
  const { nodes, groups, replicationFactor, shards } = layout;
  return `--nodes ${nodes} --groups ${groups} --replication-factor ${replicationFactor} --shards ${shards}`;
}

/** Why this layout cannot be; null when it can. */
export function layoutProblem({ nodes, groups, replicationFactor }: DevLayout): string | null {
  if (nodes % groups !== 0) return `${nodes} nodes cannot be spread evenly over ${groups} groups`;
  const perGroup = nodes / groups;
  if (replicationFactor <= perGroup) return null;
  return `${replicationFactor} copies of each shard do not fit into a group of ${perGroup} ${perGroup === 1 ? 'node' : 'nodes'}`;
}

function openState(directory: string, layout: DevLayout): DevState {
  const known = readDevState(directory);
  if (known === null) return newDevState(layout);
  const { owner } = known;
  if (owner !== null && owner.pid !== process.pid && processCommand(owner.pid) === owner.command) {
    throw new Error(
      `another miroir dev (process ${owner.pid}) runs in ${directory}. Stop it first, or give this one another --dir.`,
    );
  }
  if (describeLayout(known.layout) !== describeLayout(layout)) {
    throw new Error(
      `${directory} holds a cluster that was made with ${describeLayout(known.layout)}. Start it with the same numbers, choose another --dir, or delete the folder to begin anew.`,
    );
  }
  return known;
}

/** Nodes of the folder that run now. */
export function runningNodes(directory: string): ProcessInfo[] {
  const marker = `--db-path ${join(resolve(directory), 'nodes')}/`;
  return listProcesses().filter(({ command }) => command.includes(marker));
}

/**
 * Ends nodes that a killed run left behind. They hold the ports, and two servers on the same data would destroy it, so
 * they are found by their command line and not by what the killed run managed to write down. Tells how many there were.
 */
async function endOrphans(directory: string): Promise<number> {
  const orphans = runningNodes(directory);
  for (const { pid, command } of orphans) {
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; processCommand(pid) === command; waited += 50) {
      if (waited === 10_000) process.kill(pid, 'SIGKILL');
      await sleep(50);
    }
  }
  return orphans.length;
}

/** Waits, for a moment, until a port is free: a process lets go of its sockets a little after it has vanished from lists. */
async function awaitFree(port: number): Promise<void> {
  for (let waited = 0; waited < 2_000 && !(await portIsFree(port)); waited += 50) await sleep(50);
}

async function choosePorts(ids: readonly string[], state: DevState, reserved: readonly number[]): Promise<void> {
  const taken = new Set(reserved);
  for (const id of ids) {
    let port = state.ports[id] ?? (await freePort());
    while (taken.has(port) || !(await portIsFree(port))) port = await freePort();
    taken.add(port);
    state.ports[id] = port;
  }
}

async function startAll(ids: readonly string[], options: DevClusterOptions, state: DevState): Promise<LocalNode[]> {
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([failed.signal, options.signal]);
  const starts = ids.map((id) =>
    startLocalNode({
      id,
      directory: join(options.directory, 'nodes', id),
      masterKey: state.nodeMasterKey,
      port: state.ports[id],
      ownProcessGroup: true,
      signal,
    }).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(starts);
  const running = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (running.length === ids.length) return running;
  await Promise.all(running.map((node) => node.stop()));
  throw options.signal?.aborted === true ? options.signal.reason : failed.signal.reason;
}

/**
 * Starts `layout.nodes` nodes named `meili-0`, `meili-1`, ... Addresses and keys stay the same from run to run while their
 * ports are free. When anything fails, nothing is left running.
 */
export async function startDevCluster(given: DevClusterOptions): Promise<DevCluster> {
  const options = { ...given, directory: resolve(given.directory) };
  const { directory, layout } = options;
  const problem = layoutProblem(layout);
  if (problem !== null) throw new Error(problem);

  const state = openState(directory, layout);
  if ((await endOrphans(directory)) > 0) await Promise.all(Object.values(state.ports).map(awaitFree));
  const ids = Array.from({ length: layout.nodes }, (_, position) => `meili-${position}`);
  await choosePorts(ids, state, options.reservedPorts ?? []);
  state.owner = { pid: process.pid, command: processCommand(process.pid) ?? '' };
  writeDevState(directory, state);
  const release = () => writeDevState(directory, { ...state, owner: null });

  const nodes = await startAll(ids, options, state).catch((error: unknown) => {
    release();
    throw error;
  });

  const perGroup = layout.nodes / layout.groups;
  return {
    nodes: nodes.map(({ id, address }, position) => ({ id, address, group: Math.floor(position / perGroup) })),
    nodeMasterKey: state.nodeMasterKey,
    masterKey: state.masterKey,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      release();
    },
  };
}
