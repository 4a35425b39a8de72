import { setImmediate as othersHadTheirTurn } from 'node:timers/promises';

/** Milliseconds of work after which others get their turn. */
const turnMs = 5;

/** Work that can be interrupted wherever it yields. */
export type Work<T> = Generator<undefined, T>;

/** Characters gone through between two yields: about a tenth of a millisecond, as a yield is not free either. */
const stretch = 100_000;
/** What a document costs besides its length, in characters. */
const perDocument = 500;

/** Tells work that goes from document to document when to yield. */
export class Stretch {
  #done = 0;

  /** Whether it is time, after one more document of that length. */
  isOver(length: number): boolean {
    this.#done += length + perDocument;
    if (this.#done < stretch) return false;
    this.#done = 0;
    return true;
  }
}

/** Splits long work into turns, so that a large batch does not keep searches and probes of nodes waiting. */
export class Turns {
  #since = performance.now();

  /** To be awaited now and then; null while the turn lasts. */
  next(): Promise<void> | null {
    return performance.now() - this.#since < turnMs ? null : this.#pause();
  }

  async #pause(): Promise<void> {
    await othersHadTheirTurn();
    this.#since = performance.now();
  }
}

/** Does work in turns; rejects with what it throws. */
export async function inTurns<T>(work: Work<T>): Promise<T> {
  const turns = new Turns();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    const pause = turns.next();
    if (pause !== null) await pause;
  }
}

/** Does work without a pause. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
