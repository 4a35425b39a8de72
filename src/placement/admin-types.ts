/** Answers of the admin API, shared by the server that writes them and `miroir-ctl` that reads them. */

/** A copy that missed a write, as `GET /_miroir/topology` lists it. */
export interface AdminStaleCopy {
  /** Logical uid. */
  index: string;
  shard: number;
  /** RFC 3339. */
  since: string;
  reason: string;
  /** How far its repair is; null while its node cannot be used. Copies of one index on one node are repaired together. */
  repair: AdminRepair | null;
}

/** How far the repair of copies is. */
export interface AdminRepair {
  phase: 'waiting' | 'preparing' | 'comparing' | 'catching up' | 'finishing';
  /** Documents read from the nodes, of `total` that they hold (null while that is not known). */
  compared: number;
  total: number | null;
  /** Documents stored on the node that is repaired, and deleted from it. */
  copied: number;
  deleted: number;
  /** Why the last attempt failed. */
  lastError: string | null;
}

/** A node as `GET /_miroir/topology` lists it. */
export interface AdminNode {
  id: string;
  address: string;
  /** `suspect`: it may still answer; it is read only where nobody else can. `down`: it is sent nothing;
   * `recovering`: it answers, but is used only once it was found out what it has. */
  state: 'up' | 'suspect' | 'recovering' | 'down';
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
  /** `active` owns shards; `draining`, `removing` hand them over; `lost` has been replaced by others until it returns. */
  role: 'active' | 'draining' | 'removing' | 'lost';
  /** Shard copies that the node holds, over all indexes. */
  shards: number;
  /** Documents in them and the size of its database; null when the node does not answer. */
  documents: number | null;
  bytes: number | null;
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

/** What a change of the topology would move. */
export interface AdminPlan {
  /** Copies of shards that would be made. */
  copies: number;
  /** Documents and bytes in them, estimated from the nodes' statistics. */
  documents: number;
  bytes: number;
  /** Time the copying would take at least, in seconds; null without `rebalance.docs_per_second`. */
  seconds: number | null;
  /** Copies that each node would get and give away. */
  nodes: { id: string; gains: number; loses: number }[];
  warnings: string[];
}

/** `GET /_miroir/rebalance/status`. */
export interface AdminRebalance {
  state: 'idle' | 'moving' | 'paused';
  /** RFC 3339; null when idle. */
  startedAt: string | null;
  /** Copies that new owners are given: over the whole rebalance, and done so far. */
  copies: { total: number; done: number };
  /** Copies that are still to be filled. */
  filling: number;
  /** Copies that serve until their successors are filled. */
  leaving: number;
  /** Copies whose documents are still to be deleted. */
  cleaning: number;
  /** What is done now; null when idle. */
  phase: 'copying' | 'handing over' | 'cleaning up' | null;
  /** Documents in the copies that new owners are given: those that they have, of how many (at first estimated). */
  documents: { done: number; total: number };
  /** Over the last seconds. */
  documentsPerSecond: number;
  /** At that rate; null while nobody can tell. */
  secondsLeft: number | null;
  /** How fast copying may go now (null: as fast as it can), and why. */
  pace: { documentsPerSecond: number | null; reason: string };
  moves: AdminMove[];
}

/** The copies of one index that one node is being given. */
export interface AdminMove {
  /** Logical uid. */
  index: string;
  node: string;
  shards: number[];
  phase: AdminRepair['phase'];
  /** `total` is null while it is not known. */
  documents: { done: number; total: number | null };
  documentsPerSecond: number;
  secondsLeft: number | null;
  /** Why the last attempt failed. */
  lastError: string | null;
}

/** `GET /_miroir/indexes/{uid}/reshard`. */
export interface AdminReshard {
  index: string;
  /**
   * `filling`: the other layout gets every write and what the index holds, then it is switched to; `kept`: it was switched, and the
   * former layout is kept for going back; `dropping`: nodes are deleting a layout that nobody wants any more.
   */
  state: 'idle' | 'preparing' | 'filling' | 'kept' | 'dropping';
  /** What is done at this moment; null when nothing is. */
  step: 'waiting' | 'preparing' | 'copying' | 'verifying' | 'catching up' | 'finishing' | null;
  /** Shards of the layout that readers see. */
  shards: number;
  /** Shards of the other layout; null when idle. */
  otherShards: number | null;
  /** Whether the layout that is being filled is the one that served before. */
  rollback: boolean;
  /** Documents read from both layouts in this step, of about so many; null while that is not known. */
  documents: { done: number; total: number | null };
  /** Documents stored in the other layout, and deleted from it, in this attempt. */
  copied: number;
  deleted: number;
  documentsPerSecond: number | null;
  /** Of this step. */
  secondsLeft: number | null;
  /** RFC 3339; null when idle. */
  startedAt: string | null;
  /** Until when the former layout is kept; null unless `kept`. */
  keptUntil: string | null;
  /** Why the last attempt failed; it is tried again. */
  error: string | null;
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

/** `POST` and `GET /_miroir/indexes/{uid}/verify`: what comparing the copies of an index found. */
export interface AdminVerification {
  index: string;
  status: 'running' | 'done' | 'failed';
  trigger: 'request' | 'schedule';
  /** RFC 3339. */
  startedAt: string;
  finishedAt: string | null;
  /** `single`: shards with less than two copies in sync, which could not be compared. */
  shards: { total: number; done: number; single: number };
  /** Documents read from the nodes, once per copy. */
  comparedDocuments: number;
  /** Documents that were not the same on all copies. */
  differed: number;
  /** Copies of documents that were written or deleted to make them the same. */
  written: number;
  deleted: number;
  /** Documents of which two copies had the same version and other contents, and most copies did not agree. */
  guessed: number;
  /** Documents that were left as they are: it is not known whether they were deleted. */
  undecided: number;
  /** Documents that may differ, but clients wrote too much for a closer look. */
  unsettled: number;
  error: string | null;
}
