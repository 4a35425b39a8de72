import type { Store } from '../store/store.ts';
import type { CopyGroup } from './repair-copies.ts';
import type { Watch, Write } from './touched.ts';

/** Documents of stale copies that may differ from those of copies in sync: those of whole shards, or some by id. */
export interface Suspects {
  readonly shards: ReadonlySet<number>;
  readonly ids: ReadonlySet<string>;
  /** Begin with what the log of missed writes says; with everything where it is not complete, or the copies are `empty`. */
  begin(empty: boolean): Promise<void>;
  /** Add what is touched by writes that are still under way, of which the node may not have been sent any. */
  addUnfinished(writes: Iterable<Write>): void;
  /** Add what clients wrote since the last call. Everything registered so far is to be applied before the suspects are looked at. */
  gather(): void;
  /** Add what was found missing since the repair began, of tasks that were under way before. */
  addMissed(): Promise<void>;
  /** Take all suspects out, to compare them. */
  take(): { shards: number[]; ids: string[] };
  /** Say that this document was copied since the last `gather`. */
  copied(id: string): void;
}

/** Ids that are suspects together; with more the copies are compared as a whole. */
const mostIds = 50_000;

/** What the log of missed writes says about a copy; null when it is not complete. */
async function loggedIds(store: Pick<Store, 'missedWrites'>, { index, nodeId }: CopyGroup, shard: number) {
  const log = await store.missedWrites(index.id, shard, nodeId);
  const ids = log.flatMap((entry) => entry.ids ?? []);
  const complete = log.some(({ first }) => first) && log.every((entry) => entry.ids !== null);
  return { ids: complete ? ids : null, entries: log.length };
}

/**
 * No suspects at first.
 *
 * A write of known documents makes them suspects. A deletion of unknown ones (by filter) does not make suspects of everything:
 * the node is sent it as well, in the same order, and documents that are equal before it are equal after it. It can only bring
 * back a document whose copy was read before the deletion and stored behind it, so the documents copied meanwhile are suspects.
 * Anything else whose documents are unknown, an edit by function, may tell equal documents apart that were read at different moments.
 */
export function createSuspects(store: Pick<Store, 'missedWrites'>, group: CopyGroup, watch: Watch): Suspects {
  let shards = new Set<number>();
  let ids = new Set<string>();
  /** Null once they were too many. */
  let copies: Set<string> | null = new Set();
  /** Per shard, how many entries of the log have been taken into account. */
  const logged = new Map<number, number>();

  function suspectAll(): void {
    shards = new Set(group.shards);
    ids = new Set();
  }

  function suspect(some: Iterable<string>): void {
    if (shards.size === group.shards.length) return;
    for (const id of some) ids.add(id);
    if (ids.size > mostIds) suspectAll();
  }

  return {
    get shards() {
      return shards;
    },
    get ids() {
      return ids;
    },
    async begin(empty) {
      for (const shard of group.shards) {
        const log = await loggedIds(store, group, shard);
        logged.set(shard, log.entries);
        if (empty || log.ids === null || ids.size + log.ids.length > mostIds) shards.add(shard);
        else suspect(log.ids);
      }
    },
    addUnfinished(writes) {
      for (const { record, touched } of writes) {
        if (record.indexId !== group.index.id) continue;
        if (touched === null) suspectAll();
        for (const shard of group.shards) suspect(touched?.get(shard) ?? []);
      }
    },
    gather() {
      const written = watch.take();
      if (written.anything || (written.deletions && copies === null)) suspectAll();
      suspect(written.ids);
      if (written.deletions) suspect(copies ?? []);
      copies = new Set();
    },
    async addMissed() {
      for (const shard of group.shards) {
        const log = await store.missedWrites(group.index.id, shard, group.nodeId);
        if (log.length === logged.get(shard)) continue;
        logged.set(shard, log.length);
        if (log.some((entry) => entry.ids === null)) shards.add(shard);
        suspect(log.flatMap((entry) => entry.ids ?? []));
      }
    },
    take() {
      const taken = { shards: [...shards], ids: [...ids] };
      shards = new Set();
      ids = new Set();
      return taken;
    },
    copied(id) {
      copies?.add(id);
      if (copies !== null && copies.size > mostIds) copies = null;
    },
  };
}
