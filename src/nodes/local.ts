import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findMeilisearchBinary } from './binary.ts';

/** A real Meilisearch process on this machine, for `miroir dev` and for tests. */
export interface LocalNode {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly masterKey: string;
  readonly pid: number;
  /** End it with a signal and wait until it is gone. Default SIGTERM. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Start it again on the same port and data after `stop`. */
  restart(): Promise<void>;
}

/** Where and how to start a node. */
export interface LocalNodeOptions {
  id: string;
  /** Folder for its database and log; kept. */
  directory: string;
  masterKey: string;
  /** A free loopback port is chosen when absent. */
  port?: number;
  extraArgs?: string[];
  /** Milliseconds until it must answer `/health`. */
  startTimeoutMs?: number;
  /** Give it a process group of its own: a Ctrl-C in the terminal then reaches only its parent, which stops it in order. */
  ownProcessGroup?: boolean;
  /** Aborting gives up a start under way and ends the server. */
  signal?: AbortSignal;
}

/** Servers that must not outlive this process, however it exits (except by SIGKILL). */
const children = new Set<ChildProcess>();

function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

function keepTrack(child: ChildProcess): void {
  if (children.size === 0) process.once('exit', killChildren);
  children.add(child);
  child.once('exit', () => {
    children.delete(child);
    if (children.size === 0) process.off('exit', killChildren);
  });
}

/** Ports below those that systems give to outgoing connections, which could otherwise take a port before it is listened on. */
const [lowestPort, highestPort] = [10_000, 32_000];
const portAttempts = 100;

/** Whether a port can be listened on at this moment. */
export function portIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((done) => {
    const attempt = createServer();
    attempt.once('error', () => done(false));
    attempt.listen(port, host, () => attempt.close(() => done(true)));
  });
}

/** The only port of the range that `fetch` connects to nowhere (the Fetch standard's "bad ports"). */
const refusedByFetch = 10_080;

/** A loopback port that nobody listens on, drawn at random so that processes starting at once rarely draw the same. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < portAttempts; attempt++) {
    const port = randomInt(lowestPort, highestPort);
    if (port !== refusedByFetch && (await portIsFree(port))) return port;
  }
  throw new Error(`no free port was found between ${lowestPort} and ${highestPort}`);
}

async function waitHealthy(
  address: string,
  child: ChildProcess,
  options: LocalNodeOptions,
  log: string,
): Promise<void> {
  const timeoutMs = options.startTimeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    options.signal?.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        `Meilisearch ended while starting (exit ${child.exitCode ?? child.signalCode}); its log is ${log}`,
      );
    }
    try {
      const response = await fetch(`${address}/health`, { signal: AbortSignal.timeout(1_000) });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // not listening yet
    }
    await sleep(30);
  }
  throw new Error(`Meilisearch at ${address} did not answer within ${timeoutMs} ms; its log is ${log}`);
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited(child);
  clearTimeout(killer);
}

/** Start a real node and wait until it answers; when it does not, nothing is left running. */
export async function startLocalNode(options: LocalNodeOptions): Promise<LocalNode> {
  const binary = findMeilisearchBinary();
  const port = options.port ?? (await freePort());
  const address = `http://127.0.0.1:${port}`;
  const log = join(options.directory, 'meilisearch.log');
  mkdirSync(options.directory, { recursive: true });

  async function launch(): Promise<ChildProcess> {
    options.signal?.throwIfAborted();
    const out = openSync(log, 'a');
    const child = spawn(
      binary,
      [
        '--http-addr',
        `127.0.0.1:${port}`,
        '--db-path',
        join(options.directory, 'data.ms'),
        '--dump-dir',
        join(options.directory, 'dumps'),
        '--snapshot-dir',
        join(options.directory, 'snapshots'),
        '--env',
        'development',
        '--no-analytics',
        ...(options.extraArgs ?? []),
      ],
      {
        cwd: options.directory,
        stdio: ['ignore', out, out],
        detached: options.ownProcessGroup ?? false,
        env: { ...process.env, MEILI_MASTER_KEY: options.masterKey },
      },
    );
    closeSync(out);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    keepTrack(child);
    try {
      await waitHealthy(address, child, options, log);
    } catch (error) {
      await end(child, 'SIGTERM');
      throw error;
    }
    return child;
  }

  let child = await launch();
  return {
    id: options.id,
    address,
    port,
    masterKey: options.masterKey,
    get pid() {
      return child.pid!;
    },
    async stop(signal = 'SIGTERM') {
      await end(child, signal);
    },
    async restart() {
      child = await launch();
    },
  };
}
