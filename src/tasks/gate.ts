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
  /** Close the door for every queue but those named, and resolve once nobody is inside. One such hold at a time; others wait for it. */
  close(except: readonly string[]): Promise<Hold>;
  /**
   * Close the door for these queues only, and resolve once nobody who stands in one of them is inside. Null, with the door
   * open again, when that took longer than allowed.
   */
  closeOnly(queues: readonly string[], timeoutMs: number): Promise<Hold | null>;
}

interface Closed {
  holds(queue: string): boolean;
  released: Set<string>;
  /** Whether it is one of those that keep nearly everything out. */
  wide: boolean;
}

const retryAfterSeconds = 5;

/** An open gate. Writes wait at a closed one for `patienceMs` at most, because each keeps its body in memory meanwhile. */
export function createGate(patienceMs: number): Gate {
  const closed = new Set<Closed>();
  const inside = new Set<{ queues: readonly string[] }>();
  let changed: (() => void)[] = [];

  const wakeAll = () => {
    for (const wake of changed.splice(0)) wake();
  };
  const keepsOut = (hold: Closed, queue: string) => hold.holds(queue) && !hold.released.has(queue);
  const isHeld = (queue: string) => [...closed].some((hold) => keepsOut(hold, queue));

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

  /** False when those inside did not leave in time. */
  async function shut(hold: Closed, deadline: number): Promise<boolean> {
    closed.add(hold);
    while ([...inside].some(({ queues }) => queues.some(hold.holds))) {
      if (!(await change(deadline))) return false;
    }
    return true;
  }

  function holdOf(hold: Closed): Hold {
    return {
      release(queue) {
        hold.released.add(queue);
        wakeAll();
      },
      open() {
        if (closed.delete(hold)) wakeAll();
      },
    };
  }

  return {
    async enter(queues) {
      for (const deadline = performance.now() + patienceMs; queues.some(isHeld); ) {
        if (await change(deadline)) continue;
        throw new ApiError(
          'miroir_index_busy',
          `Writes are held back for a dump, an export or a repair, and this one has waited for ${Math.round(patienceMs / 1_000)} s. Nothing was written; send the request again.`,
          { headers: { 'retry-after': String(retryAfterSeconds) } },
        );
      }
      const visit = { queues };
      inside.add(visit);
      return () => {
        if (inside.delete(visit)) wakeAll();
      };
    },
    async close(except) {
      while ([...closed].some((hold) => hold.wide)) await change(Number.POSITIVE_INFINITY);
      const open = new Set(except);
      const hold: Closed = { holds: (queue) => !open.has(queue), released: new Set(), wide: true };
      await shut(hold, Number.POSITIVE_INFINITY);
      return holdOf(hold);
    },
    async closeOnly(queues, timeoutMs) {
      const named = new Set(queues);
      const hold: Closed = { holds: (queue) => named.has(queue), released: new Set(), wide: false };
      if (await shut(hold, performance.now() + timeoutMs)) return holdOf(hold);
      holdOf(hold).open();
      return null;
    },
  };
}
