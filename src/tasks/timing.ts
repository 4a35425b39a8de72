import { setTimeout as delay } from 'node:timers/promises';

/** The passing of time as the write path sees it; a simulation brings its own. */
export interface Timing {
  /** Milliseconds since some fixed moment; never goes back. */
  elapsed(): number;
  /** Resolves after so many milliseconds. */
  sleep(ms: number): Promise<void>;
  /** The same for what is done beside other things: it does not keep the process alive. */
  later(ms: number): Promise<void>;
}

/** The machine's own time. */
export const realTiming: Timing = {
  elapsed: () => performance.now(),
  sleep: (ms) => delay(ms),
  later: (ms) => delay(ms, undefined, { ref: false }),
};
