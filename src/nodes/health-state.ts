/** What is believed about one node. `unknown` until its first probe ended; it is used meanwhile. */
export interface HealthState {
  readonly state: 'unknown' | 'up' | 'down';
  /** Start of the present state, ms since the epoch. */
  readonly since: number;
  /** Failed probes since the node last answered. */
  readonly failures: number;
  /** Successful probes in a row while down. */
  readonly successes: number;
  /** Why the last probe or connection failed; null once the node answers again. */
  readonly lastError: string | null;
}

/** What was learned about a node: by a probe, or by a request made for a client. */
export type HealthSignal =
  | { kind: 'probeSucceeded' }
  | { kind: 'probeFailed'; error: string }
  /** A probe's or a request's connection was refused: nothing listens there. */
  | { kind: 'refused'; error: string }
  /** A request was answered, whatever the status. */
  | { kind: 'answered' };

/** Probes in a row that change the state. */
export interface HealthThresholds {
  downAfter: number;
  upAfter: number;
}

/** A node nothing is known about yet. */
export function initialHealth(now: number): HealthState {
  return { state: 'unknown', since: now, failures: 0, successes: 0, lastError: null };
}

function down(from: HealthState, failures: number, error: string, now: number): HealthState {
  const since = from.state === 'down' ? from.since : now;
  return { state: 'down', since, failures, successes: 0, lastError: error };
}

function afterSuccess(from: HealthState, upAfter: number, now: number): HealthState {
  const successes = from.state === 'down' ? from.successes + 1 : 0;
  if (from.state === 'down' && successes < upAfter) return { ...from, failures: 0, successes };
  const since = from.state === 'up' ? from.since : now;
  return { state: 'up', since, failures: 0, successes: 0, lastError: null };
}

function afterFailure(from: HealthState, downAfter: number, error: string, now: number): HealthState {
  const failures = from.failures + 1;
  // a node that never answered has no credit to use up
  const stillTrusted = from.state === 'up' && failures < downAfter;
  return stillTrusted ? { ...from, failures, lastError: error } : down(from, failures, error, now);
}

/** The state after a signal. */
export function nextHealth(
  from: HealthState,
  signal: HealthSignal,
  limits: HealthThresholds,
  now: number,
): HealthState {
  switch (signal.kind) {
    case 'probeSucceeded':
      return afterSuccess(from, limits.upAfter, now);
    case 'probeFailed':
      return afterFailure(from, limits.downAfter, signal.error, now);
    case 'refused':
      return down(from, from.failures + 1, signal.error, now);
    case 'answered':
      // while down only probes bring a node back, so that one lucky answer does not
      return from.state === 'up' && from.failures > 0 ? { ...from, failures: 0, lastError: null } : from;
  }
}
