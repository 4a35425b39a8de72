import { spawn } from 'node:child_process';
import type { Command } from './programs.ts';

/** How a command ended; `output` holds both of its streams in order of arrival. */
export interface Ended {
  ok: boolean;
  output: string;
}

/** Runs a command to its end, or kills it after so many milliseconds. A command that does not exist has failed. */
export function run({ argv, directory, env }: Command, timeoutMs: number): Promise<Ended> {
  const [command, ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, rest, {
      cwd: directory,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => resolve({ ok: false, output: `${output}${error.message}` }));
    child.once('close', (code, signal) => {
      const killed = signal === null ? '' : `ended by ${signal}, after at most ${timeoutMs} ms\n`;
      resolve({ ok: code === 0, output: output + killed });
    });
  });
}
