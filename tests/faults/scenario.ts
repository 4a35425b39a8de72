import type { Lab, LabOptions } from './lab.ts';
import type { RunLog, SearchRecord } from './run-log.ts';
import type { SearchersOptions } from './searchers.ts';
import type { WritersOptions } from './writers.ts';

/** What a scenario looks at besides the invariants, once its faults are over. */
export interface Aftermath {
  lab: Lab;
  log: RunLog;
  /** Searches from `performance.now()` on until another such time. */
  searchesBetween(from: number, to: number): SearchRecord[];
  /** Say what does not hold. */
  fail(what: string): void;
}

/** One way to break things, and what must hold then: a row of the table of faults. */
export interface Scenario {
  name: string;
  /** What breaks, for the table. */
  faults: string;
  /** What must hold besides the invariants, in words. */
  passes: string;
  cluster: LabOptions;
  load?: Partial<WritersOptions & SearchersOptions>;
  /** Only root can do this. */
  needsRoot?: boolean;
  /** After the index is loaded, before the load begins. */
  prepare?(lab: Lab): Promise<void>;
  /** Break and mend once, under load. Repeated in long runs. May note times in `marks` for `judge`. */
  round(lab: Lab, marks: Map<string, number>): Promise<void>;
  /** The share of searches that may fail. Default 0.001. */
  failedSearches?: number;
  /** Whether writes may be refused or lost on the way while things are broken. Default no. */
  writesMayFail?: boolean;
  /** Whether searches may be answered in part, marked. Default no. */
  partialAnswers?: boolean;
  judge?(aftermath: Aftermath, marks: ReadonlyMap<string, number>): Promise<void>;
}

/** Health and timeouts of most scenarios: a fifth of the defaults, because a short run has no time to wait. */
export const quick: NonNullable<LabOptions['config']> = {
  health: { interval: '500ms', timeout: '1s', down_after: 2, up_after: 2 },
  search: { node_timeout: '2s' },
  write: { timeout: '3s' },
};
