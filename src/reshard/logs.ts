import { loggedIds } from '../repair/suspects.ts';
import type { StoreChange } from '../store/store.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { currentLayouts, type Filling, nameOf } from './filling.ts';

/**
 * What the logs of the copies to fill tell of their differences. Where a log is not complete the copy is compared as a whole, and
 * its mark set anew, so that its log tells what it misses from now on.
 */
export async function readLogs(state: ClusterState, filling: Filling): Promise<void> {
  const { shadow } = currentLayouts(state, filling.shadowId);
  const marks = state.copies.stale().filter(({ indexId }) => indexId === shadow.id);
  const byName = new Map(marks.map((mark) => [nameOf(mark), mark]));
  const anew: StoreChange[] = [];
  for (const copy of filling.copies) {
    const mark = byName.get(nameOf(copy));
    if (mark === undefined) continue;
    const log = await state.store.missedWrites(shadow.id, copy.shard, copy.nodeId);
    const ids = loggedIds(log);
    filling.logged.set(nameOf(copy), ids === null ? 0 : log.length);
    for (const id of ids ?? []) filling.ids.add(id);
    if (ids !== null) continue;
    filling.shards.add(copy.shard);
    anew.push({ kind: 'deleteStale', indexId: shadow.id, ...copy }, { kind: 'putStale', record: mark });
  }
  await state.commit(anew);
}

/** What copies have missed since, or may have done too much. */
export async function addLogged(state: ClusterState, filling: Filling): Promise<void> {
  const { shadow } = currentLayouts(state, filling.shadowId);
  for (const copy of filling.copies) {
    if (!state.copies.isStale(shadow.id, copy.shard, copy.nodeId)) continue;
    const log = await state.store.missedWrites(shadow.id, copy.shard, copy.nodeId);
    if (log.length === (filling.logged.get(nameOf(copy)) ?? 0)) continue;
    filling.logged.set(nameOf(copy), log.length);
    for (const { ids } of log) {
      if (ids === null) filling.shards.add(copy.shard);
      for (const id of ids ?? []) filling.ids.add(id);
    }
  }
}
