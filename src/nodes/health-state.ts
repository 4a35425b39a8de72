/**
 * What is believed about one node: a circuit breaker (Nygard, "Release It!"). Closed while the node is `unknown` (until
 * its first probe ended) or `up`. Open while it is `suspect` (it may still answer: asked only where nobody else can) or
 * `down` (not asked at all). Only probes close it, so these are its half-open state.
 */
export interface HealthState {
  readonly state: 'unknown' | 'up' | 'suspect' | 'down';
  /** Start of the present state, ms since the epoch. */
  readonly since: number;
  /** Failed probes since the node last answered. */
  readonly failures: number;
  /** Successful probes in a row while the circuit is open. */
  readonly successes: number;
  /** Why the last probe or connection failed; null once the node answers again. */
  readonly lastError: string | null;
  /** While the circuit is open: the earliest moment at which it may close, ms since the epoch. Else null. */
  readonly until: number | null;
  /** Openings that came soon after the node's return, in a row; each doubles the time until the next return. */
  readonly relapses: number;
  /** Last time the circuit closed; null before that. */
  readonly returnedAt: number | null;
  readonly traffic: RecentTraffic;
}

/** Requests and how many of them broke, older ones counting less and less; as of `at`. */
interface RecentTraffic {
  readonly asked: number;
  readonly broken: number;
  readonly at: number;
}

/** What was learned about a node: by a probe, or by a request made for a client. */
export type HealthSignal =
  | { kind: 'probeSucceeded' }
  /** A probe is still waiting for its answer, longer than a healthy node takes. */
  | { kind: 'probeSlow'; error: string }
  | { kind: 'probeFailed'; error: string }
  /** A probe's or a request's connection was refused: nothing listens there. */
  | { kind: 'refused'; error: string }
  /** A request was answered, whatever the status. */
  | { kind: 'answered' }
  /** A request got no answer, or only a part of one. */
  | { kind: 'requestBroken'; error: string };

/** When the state changes; times in milliseconds. */
export interface HealthLimits {
  /** Probes in a row. */
  downAfter: number;
  upAfter: number;
  /** Time between two probes while the circuit is open. */
  probeEvery: number;
  /** How long the circuit stays open when the node failed soon after its return; doubled each further time. */
  backoff: number;
  /** The longest of these, and how long a node must have been up to count as well again. */
  maxBackoff: number;
}

/** Time constant of `RecentTraffic` in milliseconds. */
const trafficMemory = 5_000;
/** Broken requests, and their share, that open the circuit although probes succeed. */
const brokenLimit = { moreThan: 3, share: 0.2 };

/** A node nothing is known about yet. */
export function initialHealth(now: number): HealthState {
  return {
    state: 'unknown',
    since: now,
    failures: 0,
    successes: 0,
    lastError: null,
    until: null,
    relapses: 0,
    returnedAt: null,
    traffic: { asked: 0, broken: 0, at: now },
  };
}

/** Whether the circuit is open. */
export function isOut(state: HealthState['state']): boolean {
  return state === 'suspect' || state === 'down';
}

function holdFor(relapses: number, { upAfter, probeEvery, backoff, maxBackoff }: HealthLimits): number {
  return relapses === 0 ? upAfter * probeEvery : Math.min(maxBackoff, backoff * 2 ** (relapses - 1));
}

/** The circuit opens, or what keeps it open gets worse. */
function takeOut(
  from: HealthState,
  to: 'suspect' | 'down',
  trouble: { failures: number; error: string },
  limits: HealthLimits,
  now: number,
): HealthState {
  const { failures, error: lastError } = trouble;
  if (isOut(from.state)) {
    const state = from.state === 'down' ? 'down' : to;
    const since = state === from.state ? from.since : now;
    return { ...from, state, since, failures, successes: 0, lastError };
  }
  const soon = from.returnedAt !== null && now - from.returnedAt < limits.maxBackoff;
  const relapses = soon ? from.relapses + 1 : 0;
  return {
    ...from,
    state: to,
    since: now,
    failures,
    successes: 0,
    lastError,
    until: now + holdFor(relapses, limits),
    relapses,
    traffic: { asked: 0, broken: 0, at: now },
  };
}

function afterSuccess(from: HealthState, { upAfter }: HealthLimits, now: number): HealthState {
  if (from.state === 'up') return { ...from, failures: 0, lastError: null };
  const well = { failures: 0, successes: 0, lastError: null, until: null };
  if (from.state === 'unknown') return { ...from, ...well, state: 'up', since: now };
  const successes = from.successes + 1;
  if (successes < upAfter || now < (from.until ?? 0)) return { ...from, failures: 0, successes };
  return { ...from, ...well, state: 'up', since: now, returnedAt: now };
}

function afterFailure(from: HealthState, error: string, limits: HealthLimits, now: number): HealthState {
  const failures = from.failures + 1;
  // a node that never answered has no credit to use up
  const gone = from.state === 'unknown' || failures >= limits.downAfter;
  return takeOut(from, gone ? 'down' : 'suspect', { failures, error }, limits, now);
}

function count({ asked, broken, at }: RecentTraffic, isBroken: boolean, now: number): RecentTraffic {
  const kept = Math.exp(-Math.max(0, now - at) / trafficMemory);
  return { asked: asked * kept + 1, broken: broken * kept + Number(isBroken), at: now };
}

function afterBroken(from: HealthState, error: string, limits: HealthLimits, now: number): HealthState {
  if (isOut(from.state)) return from;
  const traffic = count(from.traffic, true, now);
  const often = traffic.broken > brokenLimit.moreThan && traffic.broken >= brokenLimit.share * traffic.asked;
  if (from.state !== 'up' || !often) return { ...from, traffic };
  const percent = Math.round((100 * traffic.broken) / traffic.asked);
  const reason = `${percent} % of the latest requests broke, the last one with: ${error}`;
  return takeOut(from, 'suspect', { failures: from.failures, error: reason }, limits, now);
}

function afterAnswer(from: HealthState, now: number): HealthState {
  // while the circuit is open only probes close it, so that one lucky answer does not; but whoever answers is not down yet
  if (isOut(from.state)) return from.failures > 0 && from.state === 'suspect' ? { ...from, failures: 0 } : from;
  // member by member: every search comes here for every node, and V8 takes a microsecond to spread so many
  const { state, since, successes, lastError, until, relapses, returnedAt, traffic } = from;
  const counted = count(traffic, false, now);
  return { state, since, failures: 0, successes, lastError, until, relapses, returnedAt, traffic: counted };
}

/** The state after a signal. */
export function nextHealth(from: HealthState, signal: HealthSignal, limits: HealthLimits, now: number): HealthState {
  switch (signal.kind) {
    case 'probeSucceeded':
      return afterSuccess(from, limits, now);
    case 'probeSlow':
      if (from.state !== 'up') return from;
      return takeOut(from, 'suspect', { failures: from.failures, error: signal.error }, limits, now);
    case 'probeFailed':
      return afterFailure(from, signal.error, limits, now);
    case 'refused':
      return takeOut(from, 'down', { failures: from.failures + 1, error: signal.error }, limits, now);
    case 'answered':
      return afterAnswer(from, now);
    case 'requestBroken':
      return afterBroken(from, signal.error, limits, now);
  }
}
