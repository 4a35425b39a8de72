/** Whether simulated nodes may come back with an empty disk. Waits for the repair of copies. */
export const emptyDisks = false;
