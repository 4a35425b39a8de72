import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { guardProcess } from '../tests/support/processes.ts';

/** A script of this folder, running as a process of its own. */
export interface Script {
  pid: number;
  /** The first line that it printed, which says that it is ready. */
  ready: string;
  stop(): Promise<void>;
}

/** Starts `<name>.ts` and waits for its first line. Throws when it ends before. */
export async function startScript(name: string, args: readonly (string | number)[] = []): Promise<Script> {
  const file = join(import.meta.dirname, `${name}.ts`);
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const release = guardProcess(() => child.pid ?? -1);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    void gone.then(() => reject(new Error(`${name} ended before it was ready`)));
  });
  return {
    pid: child.pid ?? -1,
    ready,
    async stop() {
      child.kill('SIGKILL');
      await gone;
      release();
    },
  };
}

/** The address in the first line of a script that serves HTTP. */
export const addressOf = ({ ready }: Script): string => ready;
