import { shardOf } from '../placement/hash.ts';
import type { MissedWrite } from '../store/records.ts';
import type { Store, StoreChange } from '../store/store.ts';
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
  /**
   * Write down which of the suspects are not in the log of missed writes. To be awaited before they are compared: a copy that crosses
   * a write of a client is put right by a later look, which a repair that begins anew would not know to take.
   */
  remember(): Promise<void>;
  /** Take all suspects out, to compare them. */
  take(): { shards: number[]; ids: string[] };
  /** Say that this document was copied since the last `gather`. */
  copied(id: string): void;
}

/** Ids that are suspects together; with more the copies are compared as a whole. */
const mostIds = 50_000;

/** Entries of the log that stand for no task are numbered down from here, so that none has the uid of another. */
let sequence = -Date.now();

/** The documents in which a copy differs, by its log of missed writes; null when that is not complete. */
export function loggedIds(log: readonly MissedWrite[]): string[] | null {
  const complete = log.some(({ first }) => first) && log.every(({ ids }) => ids !== null);
  return complete ? log.flatMap(({ ids }) => ids ?? []) : null;
}

/**
 * No suspects at first.
 *
 * A write of known documents makes them suspects. A deletion of unknown ones (by filter) does not make suspects of everything:
 * the node is sent it as well, in the same order, and documents that are equal before it are equal after it. It can only bring
 * back a document whose copy was read before the deletion and stored behind it, so the documents copied meanwhile are suspects.
 * Anything else whose documents are unknown, an edit by function, may tell equal documents apart that were read at different moments.
 */
export function createSuspects(
  { store, commit }: { store: Pick<Store, 'missedWrites'>; commit(changes: readonly StoreChange[]): Promise<void> },
  group: CopyGroup,
  watch: Watch,
): Suspects {
  let shards = new Set<number>();
  let ids = new Set<string>();
  /** Null once they were too many. */
  let copies: Set<string> | null = new Set();
  /** Per shard, how many entries of the log have been taken into account. */
  const logged = new Map<number, number>();

  /** The ids in the logs that are complete; whoever begins anew compares the other copies as a whole anyway. */
  const written = new Map<number, Set<string>>();

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
        const log = await store.missedWrites(group.index.id, shard, group.nodeId);
        const missed = loggedIds(log);
        logged.set(shard, log.length);
        if (empty || missed === null || ids.size + missed.length > mostIds) shards.add(shard);
        else {
          written.set(shard, new Set(missed));
          suspect(missed);
        }
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
      const writes = watch.take();
      if (writes.anything || (writes.deletions && copies === null)) suspectAll();
      suspect(writes.ids);
      if (writes.deletions) suspect(copies ?? []);
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
    async remember() {
      const fresh = new Map<number, string[]>();
      for (const id of ids) {
        const shard = shardOf(id, group.index.shards);
        if (written.get(shard)?.has(id) !== false) continue;
        const list = fresh.get(shard);
        if (list === undefined) fresh.set(shard, [id]);
        else list.push(id);
      }
      const copy = { indexId: group.index.id, nodeId: group.nodeId, taskUid: --sequence, first: false };
      await commit(
        [...fresh].map(([shard, some]): StoreChange => ({ kind: 'putMissed', record: { ...copy, shard, ids: some } })),
      );
      for (const [shard, some] of fresh) {
        for (const id of some) written.get(shard)?.add(id);
        logged.set(shard, (logged.get(shard) ?? 0) + 1);
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
