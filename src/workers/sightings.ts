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

const nothing = () => ({ answered: {}, failures: [], searchMs: [] }) as Omit<Sightings, 'avoided'>;

/** A log that calls `tell` now and then, while there is something to tell; `avoided` says which nodes reads avoid now. */
export function createSightings(
  timing: Pick<Timing, 'after'>,
  avoided: () => string[],
  tell: (sightings: Sightings) => void,
): SightingLog {
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
      tell({ ...told, avoided: avoided() });
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

/** The nodes that workers avoid, as they last said. */
export interface AvoidedByWorkers {
  note(nodeId: string): void;
  has(nodeId: string): boolean;
}

/** A worker that has nothing more to tell may not avoid them any more. */
const avoidedForMs = 3_000;

/** None at first. */
export function createAvoidedByWorkers({ elapsed }: Pick<Timing, 'elapsed'>): AvoidedByWorkers {
  const saidAt = new Map<string, number>();
  return {
    note: (nodeId) => void saidAt.set(nodeId, elapsed()),
    has: (nodeId) => elapsed() - (saidAt.get(nodeId) ?? Number.NEGATIVE_INFINITY) < avoidedForMs,
  };
}

/** What the main process does with it. */
interface Noticing {
  health: { observe(outcome: HealthOutcome): void };
  pacer: { searched(ms: number): void };
  avoidedByWorkers: Pick<AvoidedByWorkers, 'note'>;
}

/** Has the main process take notice. */
export function takeNotice(
  { answered, failures, searchMs, avoided }: Sightings,
  { health, pacer, avoidedByWorkers }: Noticing,
): void {
  for (const [nodeId, times] of Object.entries(answered)) {
    for (let i = 0; i < Math.min(times, most); i++) health.observe({ nodeId });
  }
  for (const failure of failures) health.observe(failure);
  for (const ms of searchMs) pacer.searched(ms);
  for (const nodeId of avoided) avoidedByWorkers.note(nodeId);
}
