import type { StoreChange } from '../store/store.ts';
import type { CopyStates } from './copies.ts';

/** A copy that missed writes, to be marked. */
export interface MissedCopy {
  indexId: number;
  shard: number;
  nodeId: string;
  /** RFC 3339. */
  since: string;
  reason: string;
}

/** Marks a copy as stale, unless it is already: a copy that is still to be filled stays one, and keeps its first reason. */
export function markStale(copies: Pick<CopyStates, 'isStale'>, missed: MissedCopy): StoreChange[] {
  if (copies.isStale(missed.indexId, missed.shard, missed.nodeId)) return [];
  return [{ kind: 'putStale', record: { ...missed, cause: 'missed' } }];
}
