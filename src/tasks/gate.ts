import { ApiError } from '../errors/api-error.ts';

/** Writes kept outside until they are let in again, so that the indexes stand still. */
export interface Hold {
  /** Let the writes to one index in again; those to others go on waiting. */
  release(queue: string): void;
  /** Let everything in. May be called more than once. */
  open(): void;
}

/** The door in front of the write path. Whoever is inside decides and registers a task; sending is done outside of it. */
export interface Gate {
  /** Resolves, once none of the queues is held, with the function to call on the way out. Throws `miroir_index_busy` after too long. */
  enter(queues: readonly string[]): Promise<() => void>;
  /** Close the door for every queue but those named, and resolve once nobody is inside. One hold at a time; others wait for it. */
  close(except: readonly string[]): Promise<Hold>;
}

const retryAfterSeconds = 5;

/** An open gate. Writes wait at a closed one for `patienceMs` at most, because each keeps its body in memory meanwhile. */
export function createGate(patienceMs: number): Gate {
  let held: { except: ReadonlySet<string>; released: Set<string> } | null = null;
  let inside = 0;
  let changed: (() => void)[] = [];

  const wakeAll = () => {
    for (const wake of changed.splice(0)) wake();
  };
  const isHeld = (queue: string) => held !== null && !held.except.has(queue) && !held.released.has(queue);

  /** Resolves at the next change of the gate; false when that took too long. */
  function change(deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const giveUp = () => {
        changed = changed.filter((other) => other !== wake);
        resolve(false);
      };
      const timer =
        deadline === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, deadline - performance.now());
      changed.push(wake);
    });
  }

  function leave(): void {
    inside--;
    if (inside === 0) wakeAll();
  }

  return {
    async enter(queues) {
      for (const deadline = performance.now() + patienceMs; queues.some(isHeld); ) {
        if (await change(deadline)) continue;
        throw new ApiError(
          'miroir_index_busy',
          `Indexes are being read for a dump or an export, and writes have waited for it for ${Math.round(patienceMs / 1_000)} s. Nothing was written; send the request again.`,
          { headers: { 'retry-after': String(retryAfterSeconds) } },
        );
      }
      inside++;
      return leave;
    },
    async close(except) {
      while (held !== null) await change(Number.POSITIVE_INFINITY);
      const hold = { except: new Set(except), released: new Set<string>() };
      held = hold;
      while (inside > 0) await change(Number.POSITIVE_INFINITY);
      return {
        release(queue) {
          hold.released.add(queue);
          wakeAll();
        },
        open() {
          if (held !== hold) return;
          held = null;
          wakeAll();
        },
      };
    },
  };
}
