/** How one node has answered reads lately. All times in milliseconds on one clock; a value is never changed in place. */
export interface ReadLoad {
  /** Smoothed time to an answer, exponentially weighted; null before the first one. */
  readonly latency: number | null;
  /** Smoothed share of reads that failed, 0 to 1. */
  readonly failing: number;
  /** Last time that `latency` and `failing` were told something. */
  readonly toldAt: number;
  readonly inFlight: number;
  /** Since when the node owes an answer: the oldest read begun after its last answer. Null while it owes none. */
  readonly waitingSince: number | null;
  /** Reads abandoned since its last answer. */
  readonly abandoned: number;
  /** Times of the latest reads, for quantiles; at most `windowSize`. */
  readonly window: readonly number[];
}

/** How a read ended. `abandoned`: another copy was faster, so that its time is only known to be longer. */
export interface ReadEnd {
  result: 'answered' | 'failed' | 'abandoned';
  ms: number;
}

const windowSize = 128;
/** Latest reads of which the median is taken. */
const lastReads = 5;
/** Fewer times than this say nothing about a quantile. */
const leastTimes = 16;
/** Time constant of the smoothed values: old enough to be steady, young enough to notice within a second. */
const memory = 2_000;
/** Reads that a node is taken to work on side by side without loss. */
const parallel = 8;
/** Owing an answer is silence after this long, or once so many reads were abandoned. */
const silentAfter = { ms: 200, abandoned: 3 };
/** A node of whose reads all fail counts as this many times slower. */
const failurePenalty = 50;

/** A node not asked yet. */
export const idleLoad: ReadLoad = {
  latency: null,
  failing: 0,
  toldAt: Number.NEGATIVE_INFINITY,
  inFlight: 0,
  waitingSince: null,
  abandoned: 0,
  window: [],
};

/** After a read was sent. */
export function begun(load: ReadLoad, now: number): ReadLoad {
  return { ...load, inFlight: load.inFlight + 1, waitingSince: load.waitingSince ?? now };
}

function withLatest(window: readonly number[], time: number): readonly number[] {
  const times = window.slice(1 - windowSize);
  times.push(time);
  return times;
}

/**
 * After a read ended. Smoothing goes by time, not by number, so that one sample after a long pause counts nearly fully: a
 * node that recovered is recognised by the first answers. An abandoned read can only make the node look slower.
 */
export function ended(load: ReadLoad, { result, ms }: ReadEnd, now: number): ReadLoad {
  const inFlight = Math.max(0, load.inFlight - 1);
  const fresh = load.latency === null ? 1 : 1 - Math.exp(-Math.max(0, now - load.toldAt) / memory);
  // several answers within one tick of the clock must not weigh nothing
  const weight = Math.max(fresh, 0.01);
  const toward = (from: number, to: number) => from + weight * (to - from);
  const known = load.latency ?? ms;
  const seen = result === 'answered' ? ms : Math.max(ms, known);
  // reads that were abandoned tell less than they took, so the first answer after several of them counts alone
  const anew = result === 'answered' && load.abandoned >= silentAfter.abandoned;
  return {
    latency: anew ? ms : toward(known, seen),
    failing: toward(load.failing, result === 'failed' ? 1 : 0),
    toldAt: now,
    inFlight,
    waitingSince: result === 'answered' ? (inFlight > 0 ? now : null) : load.waitingSince,
    abandoned: result === 'answered' ? 0 : load.abandoned + Number(result === 'abandoned'),
    window: anew ? [ms] : withLatest(load.window, seen),
  };
}

/** The smoothed time is swayed by one odd read when there are few, the median of the last ones when there are many. */
function middleOfLast(window: readonly number[]): number {
  const last = window.slice(-lastReads).sort((a, b) => a - b);
  return last[Math.floor(last.length / 2)] ?? 0;
}

/**
 * How bad it is to send a read to a node, in milliseconds: smaller is better. `now` counts what is under way: its form is
 * that of C3 (Suresh et al., NSDI 2015), which Elasticsearch uses too, latency times the cube of the queue, and a node that
 * owes an answer for long is as slow as that. `lately` is what others are held against: only times that were measured, so
 * that a short stall of everybody does not make a slow node look good.
 */
export function cost(load: ReadLoad, at: number): { now: number; lately: number } {
  const { latency, waitingSince, abandoned, window, inFlight, failing } = load;
  const owing = waitingSince === null ? 0 : at - waitingSince;
  const silence = owing >= silentAfter.ms || abandoned >= silentAfter.abandoned ? owing : 0;
  const smoothed = latency ?? 0;
  const middle = middleOfLast(window);
  const failures = 1 + failurePenalty * failing;
  const queue = (1 + inFlight / parallel) ** 3;
  return {
    now: Math.max(silence, Math.min(smoothed, middle)) * queue * failures,
    lately: Math.max(smoothed, middle) * failures,
  };
}

/** The 95th percentile of the latest times; null while there are too few. */
export function usualLongest({ window }: ReadLoad): number | null {
  if (window.length < leastTimes) return null;
  return [...window].sort((a, b) => a - b)[Math.ceil(window.length * 0.95) - 1] as number;
}
