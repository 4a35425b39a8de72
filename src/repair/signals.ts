/** Work that ends when it is told to. Each piece has a signal of its own: one for all would gather the listeners of all. */
export interface Stopping {
  readonly stopped: boolean;
  /** Do a piece of it; the signal is aborted by `stop`. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** End all pieces, now and for good. */
  stop(): void;
}

/** Nothing has been stopped. */
export function createStopping(): Stopping {
  const under = new Set<AbortController>();
  let stopped = false;
  return {
    get stopped() {
      return stopped;
    },
    async run(work) {
      const controller = new AbortController();
      if (stopped) controller.abort();
      under.add(controller);
      try {
        return await work(controller.signal);
      } finally {
        under.delete(controller);
      }
    },
    stop() {
      stopped = true;
      for (const controller of under) controller.abort();
    },
  };
}

/**
 * Do something with all items at once, each under a signal of its own that follows the given one. Rejects with the first that
 * fails; the others go on.
 */
export function allAtOnce<T, R>(
  items: Iterable<T>,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const pieces = createStopping();
  if (signal.aborted) pieces.stop();
  const stop = () => pieces.stop();
  signal.addEventListener('abort', stop, { once: true });
  const all = [...items].map((item) => pieces.run((own) => work(item, own)));
  void Promise.allSettled(all).then(() => signal.removeEventListener('abort', stop));
  return Promise.all(all);
}
