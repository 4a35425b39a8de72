import { setTimeout as sleep } from 'node:timers/promises';

/** Lets documents through at a bounded rate, over everything that shares it. */
export interface Throttle {
  /** Resolves when the documents taken so far are within the rate; rejects when the signal is aborted. */
  take(documents: number, signal: AbortSignal): Promise<void>;
  /** From now on `perSecond` documents; null lets everything through. Who waits already goes on at the rate of then. */
  setRate(perSecond: number | null): void;
  /** Documents taken since the start. */
  readonly taken: number;
}

/** A throttle of `perSecond` documents. `now` is a clock in milliseconds that only goes forward. */
export function createThrottle(perSecond: number | null, now: () => number = () => performance.now()): Throttle {
  let rate = perSecond;
  let freeAt = now();
  let taken = 0;
  return {
    async take(documents, signal) {
      signal.throwIfAborted();
      taken += documents;
      if (rate === null) return;
      freeAt = Math.max(freeAt, now()) + (documents / rate) * 1_000;
      const wait = freeAt - now();
      if (wait > 1) await sleep(wait, undefined, { signal });
    },
    setRate(next) {
      rate = next;
      if (next === null) freeAt = now();
    },
    get taken() {
      return taken;
    },
  };
}
