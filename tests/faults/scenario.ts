import type { Lab, LabOptions } from './lab.ts';
import type { RunLog, SearchRecord } from './run-log.ts';
import type { SearchersOptions } from './searchers.ts';
import type { WritersOptions } from './writers.ts';

/** What a scenario works with. */
export interface Stage {
  lab: Lab;
  log: RunLog;
  /** Numbers that a round leaves for `judge`. */
  marks: Map<string, number>;
  /** Searches that began from one `performance.now()` on until another. */
  searchesBetween(from: number, to: number): SearchRecord[];
  /** Say what does not hold. */
  fail(what: string): void;
  /** Whether this machine does nothing else, so that times may be compared. */
  isTimed: boolean;
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
  /** It compares how long things take, or takes minutes on a machine that does other work: left out of `npm test`. */
  needsQuiet?: boolean;
  /** Only root can do this. */
  needsRoot?: boolean;
  /** After the index is loaded, before the load begins. */
  prepare?(lab: Lab): Promise<void>;
  /** Break and mend once, under load. Repeated in long runs. */
  round(stage: Stage): Promise<void>;
  /** The share of searches that may fail. Default 0.001. */
  failedSearches?: number;
  /** Miroir itself is killed: searches that get no answer at all do not count as failed. */
  miroirGoes?: boolean;
  /** Whether writes may be refused or lost on the way while things are broken. Default no. */
  writesMayFail?: boolean;
  /** Whether searches may be answered in part, marked. Default no. */
  partialAnswers?: boolean;
  /** Once all is quiet again: what must hold besides the invariants and limits. */
  judge?(stage: Stage): Promise<void>;
}

/** Health and timeouts of most scenarios, shorter than the defaults because a short run has no time to wait. */
export const quick: NonNullable<LabOptions['config']> = {
  health: { interval: '500ms', timeout: '2s', down_after: 2, up_after: 2 },
  write: { timeout: '3s' },
  log: { level: 'info' },
};
