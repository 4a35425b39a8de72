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
  /** The session that wrote it, see `sessions.ts`. */
  session?: string;
  /** The task is a job of Miroir's own; it has no parts. */
  job?: Job;
}

/** Work that Miroir does itself, see `jobs.ts`. */
export interface Job {
  /** Which runner does it. */
  kind: string;
  /** Jobs of one queue run one after the other, in order of acceptance. */
  queue: string;
  input: Record<string, unknown>;
  /** Where it stands, for a process that takes it up again. */
  state?: Record<string, unknown>;
}

/** Read a stored effect; absent means none. */
export function readEffect(text: string | null): Effect {
  return text === null ? {} : (JSON.parse(text) as Effect);
}
