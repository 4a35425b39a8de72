import { LatestTimes } from './latest-times.ts';

/** How a read ended. `abandoned`: another copy was faster, so that its time is only known to be longer. */
export interface ReadEnd {
  result: 'answered' | 'failed' | 'abandoned';
  ms: number;
}

/** Latest reads of which the median is taken. */
const lastReads = 5;
/** Time constant of the smoothed values: old enough to be steady, young enough to notice within a second. */
const memory = 2_000;
/** Reads that a node is taken to work on side by side without loss. */
const parallel = 8;
/** Owing an answer is silence after this long, or once so many reads were abandoned. */
const silentAfter = { ms: 200, abandoned: 3 };
/** A node of whose reads all fail counts as this many times slower. */
const failurePenalty = 50;

/** How one node has answered reads lately. All times in milliseconds on one clock. */
export class ReadLoad {
  /** Smoothed time to an answer, exponentially weighted; null before the first one. */
  #latency: number | null = null;
  /** Smoothed share of reads that failed, 0 to 1. */
  #failing = 0;
  /** Last time that `latency` and `failing` were told something. */
  #toldAt = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  /** Since when the node owes an answer: the oldest read begun after its last answer. Null while it owes none. */
  #waitingSince: number | null = null;
  /** Reads abandoned since its last answer. */
  #abandoned = 0;
  readonly #times = new LatestTimes();

  /** Whether anything is known of how long the node takes. */
  get isKnown(): boolean {
    return this.#latency !== null;
  }

  get toldAt(): number {
    return this.#toldAt;
  }

  /** A read was sent. */
  begin(now: number): void {
    this.#inFlight++;
    this.#waitingSince ??= now;
  }

  /**
   * A read ended. Smoothing goes by time, not by number, so that one sample after a long pause counts nearly fully: a
   * node that recovered is recognised by the first answers. An abandoned read can only make the node look slower.
   */
  end({ result, ms }: ReadEnd, now: number): void {
    const fresh = this.#latency === null ? 1 : 1 - Math.exp(-Math.max(0, now - this.#toldAt) / memory);
    // several answers within one tick of the clock must not weigh nothing
    const weight = Math.max(fresh, 0.01);
    const known = this.#latency ?? ms;
    const seen = result === 'answered' ? ms : Math.max(ms, known);
    // reads that were abandoned tell less than they took, so the first answer after several of them counts alone
    const anew = result === 'answered' && this.#abandoned >= silentAfter.abandoned;
    if (anew) this.#times.clear();
    this.#times.add(seen);
    this.#latency = anew ? ms : known + weight * (seen - known);
    this.#failing += weight * (Number(result === 'failed') - this.#failing);
    this.#toldAt = now;
    this.#inFlight = Math.max(0, this.#inFlight - 1);
    if (result === 'answered') {
      this.#waitingSince = this.#inFlight > 0 ? now : null;
      this.#abandoned = 0;
    } else if (result === 'abandoned') this.#abandoned++;
  }

  /**
   * How bad it is to send a read to the node, in milliseconds: smaller is better. `now` counts what is under way: its form is
   * that of C3 (Suresh et al., NSDI 2015), which Elasticsearch uses too, latency times the cube of the queue, and a node that
   * owes an answer for long is as slow as that. `lately` is what others are held against: only times that were measured, so
   * that a short stall of everybody does not make a slow node look good.
   */
  cost(at: number): { now: number; lately: number } {
    const owing = this.#waitingSince === null ? 0 : at - this.#waitingSince;
    const silence = owing >= silentAfter.ms || this.#abandoned >= silentAfter.abandoned ? owing : 0;
    const smoothed = this.#latency ?? 0;
    // one odd read sways the smoothed time when there are few, the median of the last ones when there are many
    const middle = this.#times.median(lastReads) ?? 0;
    const failures = 1 + failurePenalty * this.#failing;
    const queue = (1 + this.#inFlight / parallel) ** 3;
    return {
      now: Math.max(silence, Math.min(smoothed, middle)) * queue * failures,
      lately: Math.max(smoothed, middle) * failures,
    };
  }

  /** The 95th percentile of the latest times; null while there are too few. */
  usualLongest(): number | null {
    return this.#times.quantile(0.95);
  }
}
