/** What simulated schedules leave out until the simulation can do it. */
export const pending = {
  /** Nodes come back with an empty disk. Waits for simulated repairs; `tests/faults` does it with real ones. */
  emptyDisks: false,
  /** Faults while an index is being created. */
  breakCreation: true,
};
