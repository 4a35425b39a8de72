import type { Logger } from '../observability/log.ts';
import type { IndexRecord, Shadow } from '../store/records.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { newReshardProgress, type ReshardProgress } from './progress.ts';

/** The next thing to do for a shadow; null when there is nothing to do now. */
export type Work = ((progress: ReshardProgress, signal: AbortSignal) => Promise<void>) | null;

/** What looking after shadows is built from. */
export interface RunnerOptions {
  state: Pick<ClusterState, 'catalog'>;
  /** What is to be done for a shadow now. */
  next(record: IndexRecord, shadow: Shadow): Work;
  log: Logger;
}

/** What is known of the work for one shadow. */
export interface Attempt {
  progress: ReshardProgress;
  lastError: string | null;
}

/** Does what is to be done for each shadow, again until it succeeds; each phase is in the store, so that a new process goes on. */
export interface Runner {
  start(): void;
  stop(): Promise<void>;
  /** The work for a shadow; null when there is none. */
  attempt(shadowId: number): Attempt | null;
  /** Interrupt the work for a shadow, run `change`, and go on with what is to be done then. */
  interrupt<T>(shadowId: number, change: () => Promise<T>): Promise<T>;
}

interface Entry extends Attempt {
  controller: AbortController;
  running: Promise<void> | null;
  /** Someone changes what is to be done. */
  held: boolean;
  failures: number;
  /** Not to be tried before, by the clock that only goes forward. */
  notBefore: number;
}

const tickMs = 250;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Builds it. */
export function createRunner({ state, next, log }: RunnerOptions): Runner {
  const entries = new Map<number, Entry>();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  function entryOf(shadowId: number): Entry {
    const known = entries.get(shadowId);
    if (known !== undefined) return known;
    const entry: Entry = {
      progress: newReshardProgress(),
      lastError: null,
      controller: new AbortController(),
      running: null,
      held: false,
      failures: 0,
      notBefore: 0,
    };
    entries.set(shadowId, entry);
    return entry;
  }

  async function run(record: IndexRecord, entry: Entry, work: NonNullable<Work>): Promise<void> {
    const { signal } = entry.controller;
    try {
      await work(entry.progress, signal);
      entry.failures = 0;
      entry.lastError = null;
    } catch (error) {
      if (signal.aborted) return;
      entry.failures++;
      entry.lastError = (error as Error).message;
      entry.notBefore = performance.now() + Math.min(longestRetryMs, firstRetryMs * 2 ** (entry.failures - 1));
      const facts = {
        index: record.uid,
        layout: record.physicalUid,
        reason: entry.lastError,
        failures: entry.failures,
      };
      log.warn(facts, 'resharding could not go on; will try again');
    } finally {
      entry.progress = newReshardProgress();
    }
  }

  function tick(): void {
    const shadows = state.catalog.all().filter(({ shadow }) => shadow !== null);
    const ids = new Set(shadows.map(({ id }) => id));
    for (const [id, { running, held }] of entries) if (!ids.has(id) && running === null && !held) entries.delete(id);
    for (const record of shadows) {
      const entry = entryOf(record.id);
      if (entry.running !== null || entry.held || entry.notBefore > performance.now()) continue;
      const work = record.shadow === null ? null : next(record, record.shadow);
      if (work === null) continue;
      entry.controller = new AbortController();
      entry.progress = newReshardProgress();
      entry.running = run(record, entry, work).finally(() => {
        entry.running = null;
      });
    }
  }

  return {
    start() {
      timer = setInterval(() => {
        if (!stopped) tick();
      }, tickMs);
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      for (const { controller } of entries.values()) controller.abort();
      await Promise.all([...entries.values()].map(({ running }) => running));
    },
    attempt: (shadowId) => entries.get(shadowId) ?? null,
    async interrupt(shadowId, change) {
      const entry = entryOf(shadowId);
      entry.held = true;
      try {
        entry.controller.abort();
        await entry.running;
        return await change();
      } finally {
        Object.assign(entry, { held: false, failures: 0, notBefore: 0, lastError: null });
      }
    },
  };
}
