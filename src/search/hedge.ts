import type { Timing } from '../nodes/timing.ts';
import type { Attempt, Finished } from './attempt.ts';

/** How hedges end: the other copies were faster (`won`), or not (`lost`), or the budget had none left (`over_budget`). */
export type HedgeOutcome = 'won' | 'lost' | 'over_budget';

/** What hedging one request needs. */
export interface HedgeOptions<T> {
  timing: Timing;
  /** Milliseconds until the request is hedged. */
  delay: number;
  /**
   * Asks other copies for the same shards, which may take several nodes. `over_budget` and `not_allowed` when this may not
   * be done now, `impossible` when there are no others.
   */
  startOthers(): Attempt<T>[] | 'over_budget' | 'not_allowed' | 'impossible';
  count(outcome: HedgeOutcome): void;
}

const good = ({ outcome }: Finished<unknown>): boolean => outcome.kind !== 'failed';

/** The value when it comes within the time, else null. */
function within<T>(promise: Promise<T>, ms: number, timing: Timing): Promise<T | null> {
  return new Promise((resolve) => {
    const cancel = timing.after(ms, () => resolve(null));
    void promise.then((value) => {
      cancel();
      resolve(value);
    });
  });
}

/** Waits for the request; when it takes longer than the delay, for whoever of it and the other copies is good first. */
async function race<T>(
  first: Attempt<T>,
  others: Attempt<T>[],
  count: HedgeOptions<T>['count'],
): Promise<Finished<T>[]> {
  const own = first.finished.then((finished) => [finished]);
  const theirs = Promise.all(others.map((other) => other.finished));
  const sides = [own, theirs].map((side) => side.then((all) => ({ side, all })));
  const earlier = await Promise.race(sides);
  const decided = earlier.all.every(good) ? earlier : await (earlier.side === own ? sides[1]! : sides[0]!);
  if (!decided.all.every(good)) return [...earlier.all, ...decided.all];
  count(decided.side === own ? 'lost' : 'won');
  for (const loser of decided.side === own ? others : [first]) loser.abandon();
  return decided.all;
}

/**
 * A hedged request (Dean and Barroso, "The Tail at Scale", 2013): if a node is later than it usually is, other copies are
 * asked as well, and the first good answer is taken. Without budget it is tried again after each further delay. Resolves
 * with the good side, or with everything when neither is good.
 */
export async function hedged<T>(first: Attempt<T>, options: HedgeOptions<T>): Promise<Finished<T>[]> {
  let counted = false;
  for (;;) {
    const early = await within(first.finished, options.delay, options.timing);
    if (early !== null) return [early];
    const others = options.startOthers();
    if (others === 'impossible') return [await first.finished];
    if (typeof others !== 'string') return race(first, others, options.count);
    if (others === 'over_budget' && !counted) {
      counted = true;
      options.count(others);
    }
  }
}
