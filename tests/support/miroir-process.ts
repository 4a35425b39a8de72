import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { FileInput } from '../../src/config/schema.ts';
import { guardProcess } from './processes.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

/** A Miroir in a process of its own. */
export interface MiroirProcess {
  readonly pid: number;
  /** End it (default SIGTERM) and wait until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Start it again with the same configuration and store. */
  restart(): Promise<void>;
}

async function waitHealthy(address: string, child: ChildProcess, log: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(30)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Miroir ended while starting (${child.exitCode ?? child.signalCode}); its log is ${log}`);
    }
    const answer = await fetch(`${address}/health`, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
  }
  throw new Error(`Miroir at ${address} did not become healthy; its log is ${log}`);
}

/** Write the configuration file and run `miroir start` on it until `/health` answers. Needs a fresh `npm run build`. */
export async function startMiroirProcess(config: FileInput, folder: string): Promise<MiroirProcess> {
  const file = join(folder, 'miroir.yaml');
  const log = join(folder, 'miroir.log');
  writeFileSync(file, stringify(config));
  const address = `http://127.0.0.1:${config.server?.port}`;

  async function launch(): Promise<{ child: ChildProcess; release: () => void }> {
    const out = openSync(log, 'a');
    const child = spawn(process.execPath, [main, 'start', '--config', file], {
      cwd: folder,
      stdio: ['ignore', out, out],
    });
    const release = guardProcess(() => child.pid ?? -1);
    try {
      await waitHealthy(address, child, log);
    } catch (error) {
      child.kill('SIGKILL');
      release();
      throw error;
    }
    return { child, release };
  }

  let current = await launch();
  return {
    get pid() {
      return current.child.pid ?? -1;
    },
    async stop(signal = 'SIGTERM') {
      const { child, release } = current;
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        child.kill(signal);
        const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
        await gone;
        clearTimeout(killer);
      }
      release();
    },
    async restart() {
      current = await launch();
    },
  };
}
