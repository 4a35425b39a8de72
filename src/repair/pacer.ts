import type { Logger } from '../observability/log.ts';
import { fullSpeed, nextPace, type Pace, type PaceLimits } from './pace.ts';
import type { Throttle } from './throttle.ts';

/** What setting the pace is built from. */
export interface PacerOptions {
  limits: PaceLimits;
  throttle: Pick<Throttle, 'setRate' | 'taken'>;
  /** Whether copies are being filled or repaired, also while nothing is read or stored just now. */
  busy(): boolean;
  /** See `PaceSignals`. */
  oldestTaskMs(): number;
  /** Milliseconds by a clock that only goes forward. */
  now(): number;
  log: Logger;
}

/** Sets the pace of copying by how searches and tasks get on. */
export interface Pacer {
  /** A search took so many milliseconds. */
  searched(ms: number): void;
  pace(): Pace;
  start(): void;
  stop(): void;
}

const everyMs = 1_000;
/** How long a search counts, and how many at most. */
const windowMs = 10_000;
const mostSearches = 2_000;
/** With fewer searches the percentile says nothing. */
const fewestSearches = 20;

/** Builds it, at full speed. */
export function createPacer({ limits, throttle, busy, oldestTaskMs, now, log }: PacerOptions): Pacer {
  let searches: { at: number; ms: number }[] = [];
  let usualSearchMs: number | null = null;
  let pace = fullSpeed(limits);
  let takenBefore = 0;
  let busyAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  function percentile(): number | null {
    searches = searches.filter(({ at }) => now() - at < windowMs);
    if (searches.length < fewestSearches) return null;
    const sorted = searches.map(({ ms }) => ms).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.95)] ?? null;
  }

  function look(): void {
    const copied = throttle.taken - takenBefore;
    takenBefore = throttle.taken;
    if (copied > 0 || busy()) busyAt = now();
    const searchMs = percentile();
    // all searches that still count were made while nothing was copied
    const calm = now() - busyAt > windowMs;
    if (calm) usualSearchMs = searchMs ?? usualSearchMs;
    const next = calm
      ? fullSpeed(limits)
      : nextPace(pace, { searchMs, usualSearchMs, oldestTaskMs: oldestTaskMs(), copied }, limits);
    if (next.reason !== pace.reason) log.info({ ...next, searchMs, usualSearchMs }, 'pace of copying');
    if (next.documentsPerSecond !== pace.documentsPerSecond) throttle.setRate(next.documentsPerSecond);
    pace = next;
  }

  return {
    searched(ms) {
      searches.push({ at: now(), ms });
      if (searches.length > mostSearches) searches = searches.slice(-mostSearches / 2);
    },
    pace: () => pace,
    start() {
      timer = setInterval(look, everyMs);
    },
    stop() {
      if (timer !== null) clearInterval(timer);
    },
  };
}
