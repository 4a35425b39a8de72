/** How far the repair of some copies is, for operators. */
export interface RepairProgress {
  phase: 'waiting' | 'preparing' | 'comparing' | 'catching up' | 'finishing';
  /** Documents read from the node that is repaired and from its sources. */
  compared: number;
  /** Documents stored on the node, and deleted from it. */
  copied: number;
  deleted: number;
  /** Documents that the sources hold; null while it is not known. */
  total: number | null;
}

export const newProgress = (): RepairProgress => ({
  phase: 'preparing',
  compared: 0,
  copied: 0,
  deleted: 0,
  total: null,
});
