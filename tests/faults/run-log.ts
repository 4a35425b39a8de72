import { type PossibleStates, possibleStates, touches, type WriteRecord } from '../invariants/history.ts';
import type { TaskSighting } from '../invariants/invariants.ts';
import { liveIds } from './data.ts';

/** A search as its client saw it. */
export interface SearchRecord {
  /** `read`: one document by id. */
  kind: 'search' | 'read';
  startedAt: number;
  ms: number;
  /** `partial`: marked with `X-Miroir-Degraded`. */
  outcome: 'complete' | 'partial' | 'failed';
  /** Whether Miroir answered at all. */
  answered: boolean;
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
  readonly writes: readonly WriteRecord[];
  /** Note a write as it begins; what becomes of it is put into the record. */
  begin(write: WriteRecord): void;
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

const isOpen = (write: WriteRecord): boolean =>
  write.endedAt === Number.POSITIVE_INFINITY ||
  (write.outcome === 'acknowledged' && (write.status === null || !['succeeded', 'failed'].includes(write.status)));

/** An empty log. */
export function createRunLog(): RunLog {
  const writes: WriteRecord[] = [];
  const byId = new Map<string, WriteRecord[]>(liveIds.map((id) => [id, []]));
  const known = new Map<string, { version: number; states: PossibleStates }>();
  const findings: Finding[] = [];
  const version = (id: string) => byId.get(id)?.length ?? 0;
  return {
    writes,
    searches: [],
    sightings: [],
    findings,
    memory: [],
    begin(write) {
      writes.push(write);
      for (const id of liveIds) if (touches(write.op, id)) byId.get(id)?.push(write);
    },
    report(fault, what) {
      for (const text of what) if (findings.length < mostFindings) findings.push({ fault, what: text });
    },
    settled(id) {
      const before = known.get(id);
      if (before?.version === version(id)) return before.states;
      const own = byId.get(id) ?? [];
      if (own.some(isOpen)) return null;
      const states = possibleStates(id, own, null);
      known.set(id, { version: version(id), states });
      return states;
    },
    version,
  };
}
