/** Answers of the admin API, shared by the server that writes them and `miroir-ctl` that reads them. */

/** A copy that missed a write, as `GET /_miroir/topology` lists it. */
export interface AdminStaleCopy {
  /** Logical uid. */
  index: string;
  shard: number;
  /** RFC 3339. */
  since: string;
  reason: string;
}

/** A node as `GET /_miroir/topology` lists it. */
export interface AdminNode {
  id: string;
  address: string;
  /** `suspect`: it may still answer; it is read only where nobody else can. `down`: it is sent nothing. */
  state: 'up' | 'suspect' | 'down';
  /** Why it is suspect or down; null while it is up. */
  reason: string | null;
  /** While it is suspect or down: the earliest moment at which it may be used again, RFC 3339. */
  until: string | null;
  /** Whether reads avoid it because it is clearly slower, more loaded or failing more than others. */
  avoided: boolean;
  /** Start of the present state, RFC 3339; null before the first probe. */
  since: string | null;
  lastError: string | null;
  /** Meilisearch's version, null until the node told it. */
  version: string | null;
  /** Shard copies that the node holds, over all indexes. */
  shards: number;
  staleCopies: AdminStaleCopy[];
}

/** An index as `GET /_miroir/topology` lists it. */
export interface AdminIndex {
  uid: string;
  physicalUid: string;
  shards: number;
  primaryKey: string | null;
  settingsVersion: number;
}

/** `GET /_miroir/topology`. */
export interface AdminTopology {
  version: number;
  replicationFactor: number;
  groups: { group: number; nodes: AdminNode[] }[];
  indexes: AdminIndex[];
}

/** One copy of a shard. `lagging`: its node has not yet applied every ended task of the index. */
export interface AdminCopy {
  node: string;
  group: number;
  state: 'in_sync' | 'stale' | 'lagging' | 'down';
}

/** `GET /_miroir/shards`. */
export interface AdminShards {
  indexes: { uid: string; shards: { shard: number; copies: AdminCopy[] }[] }[];
  /** Shards over all indexes, and how many of them have a copy that serves reads. */
  coverage: { total: number; readable: number };
}

/** `GET /_miroir/ready`. */
export interface AdminReady {
  ready: boolean;
  reasons: string[];
}

/** A node's share of a task. */
export interface AdminTaskPart {
  node: string;
  step: string;
  status: string;
  nodeTaskUid: number | null;
  /** Meilisearch's error object. */
  error: { message: string; code: string } | null;
  /** Whether its numbers count in the task's details. */
  counts: boolean;
}

/** `GET /_miroir/tasks/{uid}`. */
export interface AdminTask {
  /** As `GET /tasks/{uid}` answers it. */
  task: Record<string, unknown>;
  parts: AdminTaskPart[];
}
