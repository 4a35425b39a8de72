/** Between which bounds, and when, copying slows down. */
export interface PaceLimits {
  /** Documents per second at most; 0: no limit. */
  most: number;
  /** Documents per second that are copied however busy the cluster is, so that a move ends. */
  least: number;
  /** By what factor searches may become slower than usual; 0: they are not looked at. */
  slowdown: number;
  /** Milliseconds that clients' tasks may wait for the nodes; 0: they are not looked at. */
  taskAgeMs: number;
}

/** What is seen of the cluster. */
export interface PaceSignals {
  /** 95th percentile of the latest searches, and what it was while nothing was copied; null when too few are known. */
  searchMs: number | null;
  usualSearchMs: number | null;
  /** Age of the oldest task of a client that the nodes have not worked off. */
  oldestTaskMs: number;
  /** Documents that were copied in the last second. */
  copied: number;
}

/** How fast copying goes. */
export interface Pace {
  /** Documents per second; null: no limit. */
  documentsPerSecond: number | null;
  reason: 'full speed' | 'searches are slower' | 'tasks wait' | 'speeding up again';
}

/** No limit is set that is higher than the highest that can be configured. */
const unlimitedAt = 10_000_000;
const slowerBy = 0.5;
const fasterBy = 1.25;
/** Searches that got slower by less than this are no reason, whatever the factor. */
const negligibleMs = 5;

/** The pace where nothing stands against it. */
export function fullSpeed({ most }: PaceLimits): Pace {
  return { documentsPerSecond: most === 0 ? null : most, reason: 'full speed' };
}

/** By how much searches are slower than usual, as a share (1: at the limit) of what is allowed; 0 when that is not known. */
function strainOfSearches({ searchMs, usualSearchMs }: PaceSignals, { slowdown }: PaceLimits): number {
  if (slowdown === 0 || searchMs === null || usualSearchMs === null) return 0;
  const allowed = Math.max(negligibleMs, usualSearchMs * (slowdown - 1));
  return Math.max(0, searchMs - usualSearchMs) / allowed;
}

function slower(before: Pace, reason: Pace['reason'], copied: number, { most, least }: PaceLimits): Pace {
  const rate = before.documentsPerSecond ?? copied;
  const lowest = most === 0 ? least : Math.min(least, most);
  return { documentsPerSecond: Math.max(lowest, Math.floor(rate * slowerBy)), reason };
}

/**
 * The pace of the next second: half of the present one while searches are slower, or tasks wait longer, than allowed; a quarter
 * more when neither comes near that; as it is in between, so that it does not swing.
 */
export function nextPace(before: Pace, signals: PaceSignals, limits: PaceLimits): Pace {
  const tasks = limits.taskAgeMs === 0 ? 0 : signals.oldestTaskMs / limits.taskAgeMs;
  const searches = strainOfSearches(signals, limits);
  if (searches > 1) return slower(before, 'searches are slower', signals.copied, limits);
  if (tasks > 1) return slower(before, 'tasks wait', signals.copied, limits);
  if (before.documentsPerSecond === null || searches > 0.5 || tasks > 0.5) return before;
  const rate = Math.ceil(before.documentsPerSecond * fasterBy);
  if (rate >= (limits.most === 0 ? unlimitedAt : limits.most)) return fullSpeed(limits);
  return { documentsPerSecond: rate, reason: 'speeding up again' };
}
