import { setTimeout as delay } from 'node:timers/promises';

/** The passing of time as the write path sees it; a simulation brings its own. */
export interface Timing {
  /** Milliseconds since some fixed moment; never goes back. */
  elapsed(): number;
  /** Resolves after so many milliseconds; does not keep the process alive. */
  sleep(ms: number): Promise<void>;
}

/** The machine's own time. */
export const realTiming: Timing = {
  elapsed: () => performance.now(),
  sleep: (ms) => delay(ms, undefined, { ref: false }),
};
