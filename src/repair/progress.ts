/** Where the repair of some copies is. */
export type RepairPhase = 'waiting' | 'preparing' | 'comparing' | 'catching up' | 'finishing';

/** How far the repair of some copies is, for operators. */
export interface RepairProgress {
  phase: RepairPhase;
  /** Documents read from the node that is repaired and from its sources, of `total` that they hold (null while that is not known). */
  compared: number;
  total: number | null;
  /** Documents and bytes stored on the node, and documents deleted from it. */
  copied: number;
  bytes: number;
  deleted: number;
  /** Documents in the copies by the count of the sources (null while that is not known), and how many of them the node has by now. */
  documents: number | null;
  settled: number;
}

/** Nothing done yet; `onPhase` is told of each new phase. */
export function newProgress(onPhase: (phase: RepairPhase) => void = () => undefined): RepairProgress {
  let phase: RepairPhase = 'waiting';
  return {
    get phase() {
      return phase;
    },
    set phase(next) {
      if (next === phase) return;
      phase = next;
      onPhase(next);
    },
    compared: 0,
    total: null,
    copied: 0,
    bytes: 0,
    deleted: 0,
    documents: null,
    settled: 0,
  };
}
