import type { ActiveTask } from '../tasks/active.ts';

/** What clients wrote. */
export interface Writes {
  /** Ids of documents. */
  ids: ReadonlySet<string>;
  /** Documents were deleted, and it is not known which. */
  deletions: boolean;
  /** Anything may have been done to any document. */
  anything: boolean;
}

/** Documents that clients wrote since someone began to watch. */
export interface Watch {
  /** What was written in the given shards since the last call. */
  take(): Writes;
  stop(): void;
}

/** A write, as far as its documents are concerned. */
export type Write = Pick<ActiveTask, 'touched'> & { record: { indexId: number | null; type: string } };

/** Tells repairs which documents are being written while they read. */
export interface TouchedDocuments {
  /** To be called with each task before anything of it is sent, and with what repairs change on copies that are in sync. */
  registered(write: Write): void;
  watch(indexId: number, shards: readonly number[]): Watch;
}

/** More ids than this are as good as unknown: comparing everything again costs less than asking for each. */
const maxIds = 20_000;

interface Watcher {
  indexId: number;
  shards: ReadonlySet<number>;
  ids: Set<string>;
  deletions: boolean;
  anything: boolean;
}

function note(watcher: Watcher, { touched, record }: Write): void {
  if (touched === null && record.type === 'documentDeletion') watcher.deletions = true;
  else if (touched === null) watcher.anything = true;
  for (const [shard, ids] of touched ?? []) {
    if (!watcher.shards.has(shard)) continue;
    for (const id of ids) watcher.ids.add(id);
  }
  if (watcher.ids.size <= maxIds) return;
  watcher.anything = true;
  watcher.ids = new Set();
}

/** Nobody watches at first. */
export function createTouchedDocuments(): TouchedDocuments {
  const watchers = new Set<Watcher>();
  return {
    registered(write) {
      for (const watcher of watchers) if (watcher.indexId === write.record.indexId) note(watcher, write);
    },
    watch(indexId, shards) {
      const nothing = () => ({ ids: new Set<string>(), deletions: false, anything: false });
      const watcher: Watcher = { indexId, shards: new Set(shards), ...nothing() };
      watchers.add(watcher);
      return {
        take() {
          const { ids, deletions, anything } = watcher;
          Object.assign(watcher, nothing());
          return { ids, deletions, anything };
        },
        stop() {
          watchers.delete(watcher);
        },
      };
    },
  };
}
