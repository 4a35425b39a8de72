/**
 * The other layout of an index: one that is being filled, or the one that served before. Its number of shards and its name on the
 * nodes are its own, all else is that of the index.
 */
export interface Shadow {
  /** The generation that readers see. */
  of: number;
  /**
   * `preparing` until nodes have the index; `filling` while it gets every write and what the index holds; `kept` after the
   * switch, for going back, getting every write as well; `dropped` when nobody wants it any more and nodes are to delete it.
   */
  phase: 'preparing' | 'filling' | 'kept' | 'dropped';
  /** When the phase began; RFC 3339, as are the others. */
  since: string;
  /** When the resharding, or the going back, was asked for. */
  startedAt: string;
  /** When it stopped serving; null if it never has. */
  servedUntil: string | null;
}

/** One generation of a logical index. An index that is deleted and created again is a new record with a new `id`. */
export interface IndexRecord {
  /** Generation number, never reused. */
  id: number;
  /** What readers call it. */
  uid: string;
  /** What it will be called once all accepted tasks have ended; differs from `uid` while a swap or rename is under way. */
  acceptedUid: string;
  /** What the nodes call it. */
  physicalUid: string;
  /** Number of shards, fixed for the generation. */
  shards: number;
  /**
   * `creating` until its first task ended; `deleting` from the acceptance of its deletion until that ended. Readers see `active`
   * and `deleting`. A `shadow` is never seen under any name: it is the other layout of an index that is being resharded.
   */
  state: 'creating' | 'active' | 'deleting' | 'shadow';
  /** What it is the other layout of; null unless it is a `shadow`. */
  shadow: Shadow | null;
  /** As readers see it. */
  primaryKey: string | null;
  /** As it will be once all accepted tasks have ended; new writes are judged by it. */
  acceptedPrimaryKey: string | null;
  /** RFC 3339. */
  createdAt: string;
  updatedAt: string;
  /** Committed logical settings as JSON text; null while they are Meilisearch's defaults. */
  settings: string | null;
  /** Grows by one with each committed settings change. */
  settingsVersion: number;
}

export type TaskStatus = 'enqueued' | 'processing' | 'succeeded' | 'failed' | 'canceled';

/** One client-visible task. JSON-valued columns hold text so that the store knows no domain. */
export interface TaskRecord {
  /** Integer from 0, without gaps, never reused. */
  uid: number;
  /** Meilisearch's task type, for example `documentAdditionOrUpdate`. */
  type: string;
  /** Logical uid, null for global tasks. */
  indexUid: string | null;
  /** Generation it acts on, null when it acts on none. */
  indexId: number | null;
  status: TaskStatus;
  /** `sending` while nodes are being told; `sent` once every node's answer is recorded; `ended` with the final status. */
  phase: 'sending' | 'sent' | 'ended';
  /** Details as shown to clients (JSON object), null when the type has none. */
  details: string | null;
  /** Error object (JSON) once failed. */
  error: string | null;
  /** Error object (JSON) decided at acceptance: the task will fail with it whatever the nodes say. */
  verdict: string | null;
  /** What its success does to the catalog (JSON), read by the task finisher only. */
  effect: string | null;
  canceledBy: number | null;
  enqueuedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

export type PartStatus =
  | 'sending'
  | 'enqueued'
  | 'processing'
  | 'succeeded'
  | 'failed'
  | 'canceled'
  | 'missed'
  | 'unknown';

/** One request of a task to one node, which became one task there. */
export interface PartRecord {
  taskUid: number;
  /** Position within the task, from 0; parts of one node are sent in this order. */
  part: number;
  nodeId: string;
  /** The shadow that it writes; null when it writes the task's own generation. */
  shadowId: number | null;
  /** What it does, for people: `create`, `settings`, `documents`, `delete`, `rollback`, ... */
  step: string;
  /** Shards whose copies on this node the part writes (JSON number array); null means all that the node owns. */
  shards: string | null;
  /** Whether its result counts in the task's details (one copy of each shard does). */
  counts: boolean;
  /** The node's own task uid; null until the node answered, and again once an ended task was deleted on the node. */
  nodeTaskUid: number | null;
  /** When the node says that it took it: tells this task from another node's or another disk's of the same uid. */
  nodeEnqueuedAt: string | null;
  /** The HTTP request (JSON) while it is unsent and small enough to keep, so that a restart can send it again; null otherwise. */
  request: string | null;
  /** `missed`: the node never took it; `unknown`: its answer was lost and it could not be asked. Its copies are marked stale where others took it. */
  status: PartStatus;
  /** The node task's details and error (JSON) once ended. */
  details: string | null;
  error: string | null;
  startedAt: string | null;
  finishedAt: string | null;
}

/** The first request that came with an idempotency key, and the task it became. */
export interface IdempotencyRecord {
  key: string;
  /** Tells the same request from another one. */
  fingerprint: string;
  taskUid: number;
  /** What the 202 said of the task; its index may be called otherwise since. */
  indexUid: string | null;
  type: string;
  enqueuedAt: string;
}

/** A copy known to have missed a write: it serves no reads until it is repaired. */
export interface StaleCopy {
  indexId: number;
  shard: number;
  nodeId: string;
  /** RFC 3339. */
  since: string;
  /** Short text for operators, for example `missed task 12`. */
  reason: string;
  /** `missed` when it lacks writes that it should have taken; `moving` when its node has come to own the shard and it is still to be filled. */
  cause: 'missed' | 'moving';
}

/** What one write that a copy missed did to it: the log from which the copy is repaired without comparing all of it. */
export interface MissedWrite {
  indexId: number;
  shard: number;
  nodeId: string;
  /** Negative for what no task tells. */
  taskUid: number;
  /** Ids of the documents written in this shard; null when it is not known which. */
  ids: string[] | null;
  /** The copy was in sync until this write: from here on the log is complete. */
  first: boolean;
}

/** A request that repairing a copy made to a node. Tells, after a crash, the node's tasks that come from clients' writes from others. */
export interface RepairTask {
  nodeId: string;
  indexId: number;
  /** Order within the node and index. */
  seq: number;
  /** Uid of the last client's task handed to this node and index before it; -1 when there was none. */
  afterTask: number;
  /** Null until the node answered. */
  nodeTaskUid: number | null;
}

/** Documents that a client deleted by id, so that a copy that still has one is known to be wrong. */
export interface Tombstones {
  indexId: number;
  /** Text of the version clock at the deletion; sorts as the versions of documents do. */
  version: string;
  ids: string[];
}

/** A deletion that does not name its documents. */
export interface DeletionMark {
  indexId: number;
  version: string;
  /** `all`: every document; `filter`: those that passed it; `other`: some, nobody knows which (a function, very many ids). */
  kind: 'all' | 'filter' | 'other';
  /** JSON; only with `filter`. */
  filter: string | null;
}

/** What is known of deletions of some documents. */
export interface DeletionRecords {
  /** Version of the last deletion by id, for ids that had one. */
  tombstones: Map<string, string>;
  /** Oldest first. */
  marks: DeletionMark[];
  /** Deletions up to this version may not be known; empty text when all are. */
  forgottenUpTo: string;
}

/** The newest task that a node is known to have taken. */
export interface NewestNodeTask {
  uid: number;
  /** As the node told; null when it was not recorded. */
  enqueuedAt: string | null;
}

/**
 * A copy on a node that no longer owns the shard, after a change of the topology. `serving`: it takes writes and may be read
 * until every owner is in sync; `surplus`: nobody uses it, its documents are still to be deleted.
 */
export interface LeavingCopy {
  indexId: number;
  shard: number;
  nodeId: string;
  state: 'serving' | 'surplus';
  /** RFC 3339. */
  since: string;
}

/** An API key without its value, which is derived from the master key. */
export interface KeyRecord {
  /** UUID v4, lower case. */
  uid: string;
  name: string | null;
  description: string | null;
  actions: string[];
  indexes: string[];
  expiresAt: string | null;
  createdAt: string;
  updatedAt: string;
}

/**
 * What becomes of a node. `active` nodes own shards. The others own none: `draining` and `removing` hand their copies over, and
 * the latter leave the cluster once they have none; `lost` has been away for so long that others took over its shards, and becomes
 * active again when it returns.
 */
export type NodeState = 'active' | 'draining' | 'removing' | 'lost';

/** A node of the cluster. Ids are never reused. */
export interface NodeRecord {
  id: string;
  /** Base URL, for example `http://10.0.0.10:7700`. */
  address: string;
  /** Replica group number. */
  group: number;
  /** The name under which it takes part in rendezvous hashing: its id, or the slot of the node whose place it took. */
  slot: string;
  state: NodeState;
}

/** The nodes and the number of copies of each shard per group. */
export interface TopologyRecord {
  /** Grows by one with each change. */
  version: number;
  replicationFactor: number;
  nodes: NodeRecord[];
  /** Ids of nodes that have left. */
  retired: string[];
}
