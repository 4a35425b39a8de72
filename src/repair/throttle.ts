import { setTimeout as sleep } from 'node:timers/promises';

/** Lets documents through at a bounded rate, over everything that shares it. */
export interface Throttle {
  /** Resolves when the documents taken so far are within the rate; rejects when the signal is aborted. */
  take(documents: number, signal: AbortSignal): Promise<void>;
}

/** A throttle of `perSecond` documents; 0 lets everything through. `now` is a clock in milliseconds that only goes forward. */
export function createThrottle(perSecond: number, now: () => number = () => performance.now()): Throttle {
  let freeAt = now();
  return {
    async take(documents, signal) {
      signal.throwIfAborted();
      if (perSecond === 0) return;
      freeAt = Math.max(freeAt, now()) + (documents / perSecond) * 1_000;
      const wait = freeAt - now();
      if (wait > 1) await sleep(wait, undefined, { signal });
    },
  };
}
