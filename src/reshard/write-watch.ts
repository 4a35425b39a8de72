import type { ActiveTask, ActiveTasks, Touched } from '../tasks/active.ts';

/** More ids than this are not kept: what is being copied is copied again. */
const maxIds = 200_000;

/** What clients write from a moment on. */
export interface WriteWindow {
  /** Ids written since it was opened, or being written then; null when there were too many. Writes that name no documents are told by `era`. */
  touched(): ReadonlySet<string> | null;
  close(): void;
}

/**
 * What clients write while documents are copied from one layout to the other. Every write goes to both layouts, and does the same
 * to the same documents; only what was read before a write and stored after it may be wrong, so only that has to be known.
 */
export interface WriteWatch {
  open(): WriteWindow;
  /**
   * Changes with each write of which nobody knows the documents (a filter, a function); null while such a task is under way. What
   * was read in one era and stored in the same is as right as if nothing had been written.
   */
  era(): number | null;
  stop(): void;
}

/** Tells those who copy between layouts what is being written. */
export interface WriteWatches {
  /** To be called with each task before anything of it is sent, and with what repairs change on copies that are in sync. */
  registered(write: { touched: Touched; record: { indexId: number | null } }): void;
  watch(indexId: number): WriteWatch;
}

function gather(window: { ids: Set<string> | null }, touched: Touched): void {
  for (const ids of touched?.values() ?? []) for (const id of ids) window.ids?.add(id);
  if (window.ids !== null && window.ids.size > maxIds) window.ids = null;
}

/** Nobody watches at first. */
export function createWriteWatches(active: Pick<ActiveTasks, 'all'>): WriteWatches {
  const listeners = new Map<(touched: Touched) => void, number>();

  const writing = (indexId: number): ActiveTask[] =>
    [...active.all()].filter(({ record, parts }) => record.indexId === indexId && parts.length > 0);

  return {
    registered({ touched, record }) {
      for (const [note, indexId] of listeners) if (indexId === record.indexId) note(touched);
    },
    watch(indexId) {
      let era = 0;
      const windows = new Set<{ ids: Set<string> | null }>();
      const note = (touched: Touched) => {
        if (touched === null) era++;
        for (const window of windows) gather(window, touched);
      };
      listeners.set(note, indexId);
      return {
        open() {
          const window: { ids: Set<string> | null } = { ids: new Set() };
          for (const { touched } of writing(indexId)) gather(window, touched);
          windows.add(window);
          return { touched: () => window.ids, close: () => windows.delete(window) };
        },
        era: () => (writing(indexId).some(({ touched }) => touched === null) ? null : era),
        stop() {
          listeners.delete(note);
        },
      };
    },
  };
}
