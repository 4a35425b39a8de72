/** What simulated schedules leave out until Miroir can do it. */
export const pending = {
  /** Nodes come back with an empty disk. Waits for the repair of copies. */
  emptyDisks: false,
  /** Faults while an index is being created. Waits for writes behind a creation that fails. */
  breakCreation: true,
};

/** Whether schedules must hold at all. Waits for writes to be refused when only stale copies would take them. */
export const enforced = false;
