import { setTimeout as delay } from 'node:timers/promises';

/** The passing of time as the logic sees it; another one drives it in tests and simulations. */
export interface Timing {
  /** Milliseconds since some fixed moment; never goes back. */
  elapsed(): number;
  /** Resolves after so many milliseconds. */
  sleep(ms: number): Promise<void>;
  /** The same for what is done beside other things: it does not keep the process alive. */
  later(ms: number): Promise<void>;
  /** Runs something once, later, without keeping the process alive; the result calls it off. */
  after(ms: number, run: () => void): () => void;
}

/** The machine's own time. */
export const machineTime: Timing = {
  elapsed: () => performance.now(),
  sleep: (ms) => delay(ms),
  later: (ms) => delay(ms, undefined, { ref: false }),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
