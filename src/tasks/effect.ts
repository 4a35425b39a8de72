/**
 * What a task does to the catalog and to other tasks when it ends. It is stored with the task, so that whoever ends it,
 * also after a crash, does the same.
 */
export interface Effect {
  /** The task's parts create the index on the nodes; it becomes visible once they have. */
  createIndex?: true;
  /** Distinct documents of an addition: its `indexedDocuments` on success. */
  documents?: number;
  /** The index gets this primary key on success. */
  primaryKey?: string;
  /** Logical settings the client sent; null resets one. Committed on success, rolled back when only some nodes took them. */
  settings?: Record<string, unknown>;
  /** New names of index generations; they change together (swap, rename). */
  names?: { id: number; from: string; to: string }[];
  /** The index is gone afterwards. */
  deleteIndex?: true;
  /** Uids of the tasks that a cancellation matched. */
  cancelTasks?: number[];
  /** Uids of the tasks that a task deletion matched. */
  deleteTasks?: number[];
}

/** Read a stored effect; absent means none. */
export function readEffect(text: string | null): Effect {
  return text === null ? {} : (JSON.parse(text) as Effect);
}
