import { type ChildProcess, spawn } from 'node:child_process';
import type { Command } from './programs.ts';

/** How a command ended; `output` holds the end of both of its streams in order of arrival. */
export interface Ended {
  ok: boolean;
  output: string;
}

/** Characters of output that are kept. */
const KEPT = 1_000_000;
/** Milliseconds that a command has for ending in order, once its time is up. */
const GRACE = 5_000;

const running = new Set<ChildProcess>();

/** Each command leads a process group, so that what it has started ends with it. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // the group is gone
  }
}

process.once('exit', () => {
  for (const child of running) signal(child, 'SIGKILL');
});
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));

/** Runs a command to its end, or ends it after so many milliseconds. A command that does not exist has failed. */
export function run({ argv, directory, env }: Command, timeoutMs: number): Promise<Ended> {
  const [command, ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, rest, {
      cwd: directory,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let output = '';
    const take = (chunk: Buffer) => {
      output = (output + chunk).slice(-KEPT);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const timers = [
      setTimeout(() => {
        take(Buffer.from(`took longer than ${timeoutMs / 1_000} s and was ended\n`));
        signal(child, 'SIGTERM');
      }, timeoutMs),
      setTimeout(() => signal(child, 'SIGKILL'), timeoutMs + GRACE),
    ];
    const end = (ok: boolean) => {
      for (const timer of timers) clearTimeout(timer);
      signal(child, 'SIGKILL');
      running.delete(child);
      resolve({ ok, output });
    };
    child.once('error', (error) => {
      take(Buffer.from(error.message));
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
}
