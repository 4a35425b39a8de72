import type { ActiveTask } from '../tasks/active.ts';

/** Documents that clients wrote since someone began to watch. */
export interface Watch {
  /** Ids written in the given shards since the last call, or null when it is not known which. */
  take(): ReadonlySet<string> | null;
  stop(): void;
}

/** Tells repairs which documents are being written while they read. */
export interface TouchedDocuments {
  /** To be called with each task before anything of it is sent, and with what repairs change on copies that are in sync. */
  registered(write: Pick<ActiveTask, 'touched'> & { record: { indexId: number | null } }): void;
  watch(indexId: number, shards: readonly number[]): Watch;
}

/** More ids than this are as good as unknown: comparing everything again costs less than asking for each. */
const maxIds = 20_000;

interface Watcher {
  indexId: number;
  shards: ReadonlySet<number>;
  ids: Set<string> | null;
}

function note(watcher: Watcher, touched: ActiveTask['touched']): void {
  if (touched === null) watcher.ids = null;
  for (const [shard, ids] of touched ?? []) {
    if (!watcher.shards.has(shard)) continue;
    for (const id of ids) watcher.ids?.add(id);
  }
  if (watcher.ids !== null && watcher.ids.size > maxIds) watcher.ids = null;
}

/** Nobody watches at first. */
export function createTouchedDocuments(): TouchedDocuments {
  const watchers = new Set<Watcher>();
  return {
    registered(task) {
      for (const watcher of watchers) if (watcher.indexId === task.record.indexId) note(watcher, task.touched);
    },
    watch(indexId, shards) {
      const watcher: Watcher = { indexId, shards: new Set(shards), ids: new Set() };
      watchers.add(watcher);
      return {
        take() {
          const { ids } = watcher;
          watcher.ids = new Set();
          return ids;
        },
        stop() {
          watchers.delete(watcher);
        },
      };
    },
  };
}
