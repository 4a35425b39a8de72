import type { AdminRebalance } from '../placement/admin-types.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { TopologyRecord } from '../store/records.ts';

/** What a rebalance comes down to in documents. */
export interface DocumentCount {
  /** In all copies that have to be filled, estimated when they were marked. */
  expected: number;
  /** In those that have been filled. */
  moved: number;
}

/** What is kept of a rebalance under way, so that it can be told about and cancelled after a restart. */
export interface RebalanceRecord {
  /** RFC 3339. */
  startedAt: string;
  /** The topology before the first of its changes. */
  previous: TopologyRecord;
  /** Copies that had to be filled, over all its changes. */
  copies: number;
  documents: DocumentCount;
}

/** How far a rebalance is. */
export interface RebalanceProgress {
  /** Copies that new owners have yet to be given. */
  filling: number;
  /** Copies that go on serving until then. */
  leaving: number;
  /** Copies whose documents are still to be deleted. */
  cleaning: number;
}

/** Counts what is left to do. */
export function countLeft(copies: Pick<CopyStates, 'stale' | 'leaving'>): RebalanceProgress {
  const filling = copies.stale().filter((mark) => mark.cause === 'moving').length;
  const leaving = copies.leaving();
  const serving = leaving.filter((copy) => copy.state === 'serving').length;
  return { filling, leaving: serving, cleaning: leaving.length - serving };
}

/** What a rebalance with so much left is doing; null when nothing is left. */
export function phaseOf({ filling, leaving, cleaning }: RebalanceProgress): AdminRebalance['phase'] {
  if (filling > 0) return 'copying';
  if (leaving > 0) return 'handing over';
  return cleaning > 0 ? 'cleaning up' : null;
}

export const isDone = ({ filling, leaving, cleaning }: RebalanceProgress): boolean =>
  filling + leaving + cleaning === 0;
