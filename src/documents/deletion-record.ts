import type { StoreChange } from '../store/store.ts';

/** Ids of one deletion that are remembered each. */
const mostIds = 10_000;

/**
 * What is kept of a deletion, so that comparing copies later can tell a document that one copy lost from one that another copy
 * failed to delete. `ids` null: those that pass `filter`, or all when that is null too.
 */
export function deletionRecord(
  indexId: number,
  version: string,
  ids: readonly string[] | null,
  filter: unknown,
): StoreChange[] {
  if (ids !== null && ids.length <= mostIds) {
    return ids.length === 0 ? [] : [{ kind: 'putTombstones', record: { indexId, version, ids: [...ids] } }];
  }
  const kind = ids !== null ? 'other' : filter === null ? 'all' : 'filter';
  const text = kind === 'filter' ? JSON.stringify(filter) : null;
  return [{ kind: 'putDeletionMark', record: { indexId, version, kind, filter: text } }];
}
