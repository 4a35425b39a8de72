import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SimulationResult } from './simulate.ts';

/** Which schedules to run, and in how many processes. */
export interface PoolOptions {
  /** The first seed; further ones follow on it. */
  first: number;
  runs: number;
  processes: number;
  /** Called after each schedule with how many are done. */
  onDone(done: number): void;
}

/** What many schedules came to. */
export interface PoolResult {
  acknowledged: number;
  /** The schedule with the lowest seed that broke an invariant; null when none did. */
  broken: SimulationResult | null;
}

const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Has one process simulate one schedule. Rejects when the process ends over it. */
function ask(worker: ChildProcess, seed: number): Promise<SimulationResult> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error(`the process that simulated seed ${seed} ended; see what it printed`));
    worker.once('exit', died);
    worker.once('message', (result) => {
      worker.off('exit', died);
      resolve(result as SimulationResult);
    });
    worker.send(seed);
  });
}

/**
 * Run schedules in several processes. Ends at the first that breaks an invariant, and that is the same one with any number of
 * processes: seeds are handed out in order, and those below the lowest broken one are waited for.
 */
export async function simulateAll({ first, runs, processes, onDone }: PoolOptions): Promise<PoolResult> {
  let next = first;
  let done = 0;
  let acknowledged = 0;
  const broken: SimulationResult[] = [];

  async function work(worker: ChildProcess): Promise<void> {
    while (next < first + runs && broken.length === 0) {
      const result = await ask(worker, next++);
      acknowledged += result.acknowledged;
      if (result.findings.length > 0) broken.push(result);
      onDone(++done);
    }
  }

  const workers = Array.from({ length: Math.min(processes, runs) }, () =>
    fork(workerFile, { execArgv: ['--import', 'tsx'] }),
  );
  try {
    await Promise.all(workers.map(work));
  } finally {
    for (const worker of workers) worker.kill();
  }
  broken.sort((a, b) => a.seed - b.seed);
  return { acknowledged, broken: broken[0] ?? null };
}
