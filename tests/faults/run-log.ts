import { type PossibleStates, possibleStates, touches, type WriteRecord } from '../invariants/history.ts';
import type { TaskSighting } from '../invariants/invariants.ts';

/** A search as its client saw it. */
export interface SearchRecord {
  /** `read`: one document by id. */
  kind: 'search' | 'read';
  startedAt: number;
  ms: number;
  /** `partial`: marked with `X-Miroir-Degraded`. */
  outcome: 'complete' | 'partial' | 'failed';
  why: string | null;
}

/** What goes wrong in plain sight while a run goes on, by the word of the last line it counts under. */
export type Fault = 'lost' | 'resurrected' | 'double' | 'diverged' | 'other';
export interface Finding {
  fault: Fault;
  what: string;
}

/** Everything that was seen in a run. Times are `performance.now()`. */
export interface RunLog {
  readonly writes: WriteRecord[];
  readonly searches: SearchRecord[];
  readonly sightings: TaskSighting[];
  readonly findings: Finding[];
  /** Resident bytes of Miroir, now and then. */
  readonly memory: number[];
  report(fault: Fault, what: readonly string[]): void;
  /** What a living document can be now, or null while a write to it is under way or its task has not ended. */
  settled(id: string): PossibleStates | null;
  /** Grows whenever a write that touches the document begins. */
  version(id: string): number;
}

/** Tells findings apart; more of them add nothing. */
const mostFindings = 200;

/** An empty log. */
export function createRunLog(): RunLog {
  const writes: WriteRecord[] = [];
  const findings: Finding[] = [];
  const open = (write: WriteRecord) =>
    write.endedAt === Number.POSITIVE_INFINITY ||
    (write.outcome === 'acknowledged' && (write.status === null || !['succeeded', 'failed'].includes(write.status)));
  return {
    writes,
    searches: [],
    sightings: [],
    findings,
    memory: [],
    report(fault, what) {
      for (const text of what) if (findings.length < mostFindings) findings.push({ fault, what: text });
    },
    settled(id) {
      const own = writes.filter((write) => touches(write.op, id));
      return own.some(open) ? null : possibleStates(id, own, null);
    },
    version: (id) => writes.reduce((count, write) => count + (touches(write.op, id) ? 1 : 0), 0),
  };
}
