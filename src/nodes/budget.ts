/**
 * A token bucket for requests that only serve to be faster or luckier: hedges, repeats at an overloaded cluster, looks at a
 * slow node. It fills with a share of the ordinary requests, so that under trouble the nodes never get much more to do.
 */
export interface ExtraBudget {
  /** An ordinary request was sent. */
  earn(): void;
  /** Whether `count` more requests may be sent; they are paid for then. */
  take(count: number): boolean;
}

/** Tokens at most: about what a node that stops in full traffic costs until others are asked instead. */
const capacity = 50;
const atStart = 20;

/** A budget of so many extra requests in a hundred ordinary ones. */
export function createExtraBudget(percent: number): ExtraBudget {
  let tokens = percent > 0 ? atStart : 0;
  return {
    earn() {
      tokens = Math.min(capacity, tokens + percent / 100);
    },
    take(count) {
      // tenths add up with an error that must not cost a token
      if (tokens + 1e-9 < count) return false;
      tokens -= count;
      return true;
    },
  };
}
