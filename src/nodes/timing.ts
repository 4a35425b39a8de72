/** Time as the logic sees it; another one drives it in a simulation. */
export interface Timing {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Runs something once, later; the result calls it off. */
  after(ms: number, run: () => void): () => void;
}

/** The machine's own time. Its timers do not keep the process alive. */
export const machineTime: Timing = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
