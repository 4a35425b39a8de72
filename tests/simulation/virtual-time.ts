import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';

/**
 * Time that passes only when nothing else is left to do. While it is installed, every timer and clock of the process is
 * virtual, so that whatever waits, in Miroir or in the simulated nodes, waits in one seeded order and in no real time.
 */
export interface VirtualTime {
  /** Milliseconds since the start. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Let time pass until the work is done; throws when it needs more than `limitMs`, or when nothing could wake it. */
  run<T>(work: Promise<T>, limitMs: number): Promise<T>;
  /** Forget all timers and give the process its own clocks back. */
  uninstall(): void;
}

/** An instant like any other: runs of one seed see the same dates. */
const epoch = Date.UTC(2026, 0, 1);
/** Timers that fire at one instant before it counts as an endless loop. */
const mostPerInstant = 100_000;
/** Steps in one turn of the process's own event loop. */
const stepsPerTurn = 100;

class Timer {
  order = 0;
  at = 0;
  constructor(
    readonly fire: () => void,
    readonly every: number | null,
  ) {}
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
}

/** A binary heap of timers, the earliest first; those of one instant in the order in which they were set. */
class Timeline {
  readonly #heap: Timer[] = [];
  readonly #cancelled = new Set<Timer>();
  #orders = 0;

  add(timer: Timer, at: number): void {
    timer.at = at;
    timer.order = this.#orders++;
    this.#cancelled.delete(timer);
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    for (; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  cancel(timer: Timer): void {
    this.#cancelled.add(timer);
  }

  /** The next timer that has not been cancelled. */
  take(): Timer | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return null;
      this.#removeFirst();
      if (!this.#cancelled.delete(first)) return first;
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && before(heap[left + 1]!, heap[left]!) ? left + 1 : left;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Make the process's time virtual. `random` replaces `Math.random`. */
export function installVirtualTime(random: () => number): VirtualTime {
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    setImmediate: globalThis.setImmediate,
    dateNow: Date.now,
    performanceNow: performance.now,
    random: Math.random,
    sleep: timersPromises.setTimeout,
    abortAfter: AbortSignal.timeout,
  };
  const timeline = new Timeline();
  const immediates: (() => void)[] = [];
  let now = 0;

  const set = (fire: () => void, ms = 0, every: number | null = null): Timer => {
    const timer = new Timer(fire, every);
    timeline.add(timer, now + Math.max(ms, every === null ? 0 : 1));
    return timer;
  };
  const clear = (timer: unknown) => {
    if (timer instanceof Timer) timeline.cancel(timer);
  };
  const sleep = (ms = 0, value?: unknown, options?: { signal?: AbortSignal }) =>
    new Promise((resolve, reject) => {
      const signal = options?.signal;
      const aborted = () => {
        clear(timer);
        reject(new DOMException('The operation was aborted', 'AbortError'));
      };
      const timer = set(() => {
        signal?.removeEventListener('abort', aborted);
        resolve(value);
      }, ms);
      if (signal?.aborted) aborted();
      else signal?.addEventListener('abort', aborted, { once: true });
    });

  const fake = <T>(value: unknown) => value as T;
  globalThis.setTimeout = fake((fire: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    set(() => fire(...args), ms),
  );
  globalThis.setInterval = fake((fire: (...args: unknown[]) => void, ms: number, ...args: unknown[]) =>
    set(() => fire(...args), ms, ms),
  );
  globalThis.clearTimeout = fake(clear);
  globalThis.clearInterval = fake(clear);
  globalThis.setImmediate = fake((fire: (...args: unknown[]) => void, ...args: unknown[]) => {
    immediates.push(() => fire(...args));
  });
  Date.now = () => epoch + Math.floor(now);
  performance.now = () => now;
  Math.random = random;
  timersPromises.setTimeout = fake(sleep);
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    set(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms);
    return controller.signal;
  };
  syncBuiltinESMExports();

  let atOnce = 0;
  /** The next immediate, or when there is none the next timer. Throws when there is neither, or none before `deadline`. */
  function step(deadline: number): void {
    const immediate = immediates.shift();
    if (immediate !== undefined) {
      immediate();
      return;
    }
    const timer = timeline.take();
    if (timer === null) throw new Error('nothing is left that could go on');
    if (timer.at > deadline) throw new Error(`not done by ${deadline} ms`);
    atOnce = timer.at > now ? 0 : atOnce + 1;
    if (atOnce > mostPerInstant) throw new Error(`time stands still at ${now} ms`);
    now = Math.max(now, timer.at);
    if (timer.every !== null) timeline.add(timer, now + timer.every);
    timer.fire();
  }

  return {
    now: () => now,
    sleep: (ms) => sleep(ms) as Promise<void>,
    run<T>(work: Promise<T>, limitMs: number) {
      const deadline = now + limitMs;
      return new Promise<T>((resolve, reject) => {
        let done = false;
        const end = () => {
          done = true;
        };
        work.then(resolve, reject).finally(end);
        const one = () => {
          if (done) return;
          try {
            step(deadline);
          } catch (error) {
            end();
            reject(error);
          }
        };
        // the process lets all promises go on between two of its immediates, and turns its event loop only after all of them
        const turn = () => {
          for (let i = 0; i < stepsPerTurn; i++) real.setImmediate(one);
          real.setImmediate(() => done || turn());
        };
        turn();
      });
    },
    uninstall() {
      const { dateNow, performanceNow, random: realRandom, sleep: realSleep, abortAfter, ...timers } = real;
      Object.assign(globalThis, timers);
      Date.now = dateNow;
      performance.now = performanceNow;
      Math.random = realRandom;
      timersPromises.setTimeout = realSleep;
      AbortSignal.timeout = abortAfter;
      syncBuiltinESMExports();
    },
  };
}
