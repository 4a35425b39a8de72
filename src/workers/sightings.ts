import type { HealthOutcome } from '../nodes/health.ts';
import type { Timing } from '../nodes/timing.ts';
import type { Sightings } from './messages.ts';

/** Gathers what a worker sees of the nodes, for the main process, which alone decides how they are. */
export interface SightingLog {
  nodeOutcome(outcome: HealthOutcome): void;
  searched(ms: number): void;
}

/** Milliseconds until the main process hears of what went well; of failures it hears at once. */
const everyMs = 500;
/** Kept of each kind at most until they are told. */
const most = 200;

const nothing = (): Sightings => ({ answered: {}, failures: [], searchMs: [] });

/** A log that calls `tell` now and then. */
export function createSightings(timing: Pick<Timing, 'after'>, tell: (sightings: Sightings) => void): SightingLog {
  let seen = nothing();
  let calledOff: (() => void) | null = null;
  let urgent = false;

  function schedule(now: boolean): void {
    if (calledOff !== null && (urgent || !now)) return;
    calledOff?.();
    urgent = now;
    calledOff = timing.after(now ? 0 : everyMs, () => {
      calledOff = null;
      urgent = false;
      const told = seen;
      seen = nothing();
      tell(told);
    });
  }

  return {
    nodeOutcome({ nodeId, error, durationMs = 0 }) {
      if (error === undefined) seen.answered[nodeId] = (seen.answered[nodeId] ?? 0) + 1;
      else if (seen.failures.length < most) {
        const { kind, message } = error;
        seen.failures.push({ nodeId, durationMs, error: { kind, message } });
      }
      schedule(error !== undefined);
    },
    searched(ms) {
      if (seen.searchMs.length < most) seen.searchMs.push(ms);
      schedule(false);
    },
  };
}

/** Has the main process's health and pace of copying take notice. */
export function takeNotice(
  { answered, failures, searchMs }: Sightings,
  { health, pacer }: { health: { observe(outcome: HealthOutcome): void }; pacer: { searched(ms: number): void } },
): void {
  for (const [nodeId, times] of Object.entries(answered)) {
    for (let i = 0; i < Math.min(times, most); i++) health.observe({ nodeId });
  }
  for (const failure of failures) health.observe(failure);
  for (const ms of searchMs) pacer.searched(ms);
}
