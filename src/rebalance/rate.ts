/** Tells how fast a count grows. */
export interface RateMeter {
  /** The count now; `at` is a clock in milliseconds that only goes forward. */
  note(count: number, at: number): void;
  /** Per second over the last `windowMs`; 0 while too little is known. */
  perSecond(): number;
}

/** Knows nothing at first. A count that goes down begins anew. */
export function createRateMeter(windowMs: number): RateMeter {
  let notes: { count: number; at: number }[] = [];
  return {
    note(count, at) {
      const last = notes.at(-1);
      if (last !== undefined && count < last.count) notes = [];
      notes.push({ count, at });
      // the one before the window is where it begins
      while (notes.length > 2 && at - notes[1]!.at >= windowMs) notes.shift();
    },
    perSecond() {
      const [first, last] = [notes[0], notes.at(-1)];
      if (first === undefined || last === undefined || last.at === first.at) return 0;
      return ((last.count - first.count) * 1_000) / (last.at - first.at);
    },
  };
}

/** Seconds until all is done at this rate; null when nobody can tell. */
export function secondsLeft(done: number, total: number | null, perSecond: number): number | null {
  if (total === null) return null;
  if (done >= total) return 0;
  return perSecond > 0 ? Math.ceil((total - done) / perSecond) : null;
}
