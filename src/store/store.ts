import type {
  DeletionMark,
  DeletionRecords,
  IdempotencyRecord,
  IndexRecord,
  KeyRecord,
  LeavingCopy,
  MissedWrite,
  NewestNodeTask,
  PartRecord,
  RepairTask,
  StaleCopy,
  TaskRecord,
  TaskStatus,
  Tombstones,
  TopologyRecord,
} from './records.ts';

/** One change of the store; records are replaced whole. */
export type StoreChange =
  | { kind: 'putIndex'; record: IndexRecord }
  /** Its name on the nodes stays known, see `wasDeleted`. */
  | { kind: 'deleteIndex'; id: number }
  | { kind: 'putTask'; record: TaskRecord }
  | { kind: 'putPart'; record: PartRecord }
  /** Tasks older than `below` follow their index to its new name; all pairs at once, so that names can be swapped. */
  | { kind: 'renameTasks'; below: number; names: readonly { from: string; to: string }[] }
  /** A task that a node took although it belongs to no part; without it, the node has another disk. See `newestNodeTask`. */
  | { kind: 'noteNodeTask'; nodeId: string; task: NewestNodeTask }
  /** A task of a node that belongs to no part: nobody waits for it, and it is to be deleted there some day. */
  | { kind: 'putLeftover'; nodeId: string; nodeTaskUid: number }
  /** These tasks of a node are gone there: ended parts no longer name them. */
  | { kind: 'forgetNodeTasks'; nodeId: string; nodeTaskUids: readonly number[] }
  | { kind: 'putStale'; record: StaleCopy }
  /** The copy's log of missed writes goes with the mark. */
  | { kind: 'deleteStale'; indexId: number; shard: number; nodeId: string }
  /** Ignored when the copy's log has an entry of this task. */
  | { kind: 'putMissed'; record: MissedWrite }
  | { kind: 'putRepairTask'; record: RepairTask }
  /** They are over; `newest` is the node's newest task of the index, so that none of them is taken for a part's. */
  | { kind: 'clearRepairTasks'; nodeId: string; indexId: number; newest: number }
  | { kind: 'putTombstones'; record: Tombstones }
  | { kind: 'putDeletionMark'; record: DeletionMark }
  /** Deletions of the index up to a version may be missing from the records. */
  | { kind: 'forgetDeletions'; indexId: number; upTo: string }
  /** The report of the last verification of an index (JSON). */
  | { kind: 'putVerification'; indexId: number; report: string }
  /** Replaces what is known of a node's tasks, for every index; `newest` is the newest task on it, null when there is none. */
  | { kind: 'resetNodeTasks'; nodeId: string; newest: NewestNodeTask | null }
  | { kind: 'putLeaving'; record: LeavingCopy }
  | { kind: 'deleteLeaving'; indexId: number; shard: number; nodeId: string }
  /** The task's request was not acknowledged: the next one with its idempotency key is a first one again. */
  | { kind: 'releaseIdempotencyKey'; taskUid: number }
  | { kind: 'putKey'; record: KeyRecord }
  | { kind: 'deleteKey'; uid: string }
  | { kind: 'putTopology'; record: TopologyRecord }
  | { kind: 'putMeta'; key: string; value: string };

/** A task about to be accepted: the store gives it its uid. */
export type NewTask = Omit<TaskRecord, 'uid'>;
/** A part about to be accepted: the store fills in the task's uid. */
export type NewPart = Omit<PartRecord, 'taskUid'>;

/** An idempotency key that a new task takes; it replaces an older use of the key. */
export type NewIdempotencyKey = Pick<IdempotencyRecord, 'key' | 'fingerprint'>;

/** A half-open or open range of instants (RFC 3339); both ends are exclusive, as in Meilisearch. */
export interface DateRange {
  after?: string;
  before?: string;
}

/** Filters of `GET /tasks`; absent means no restriction. Lists are ORed inside, fields ANDed. */
export interface TaskFilter {
  uids?: number[];
  statuses?: TaskStatus[];
  types?: string[];
  indexUids?: string[];
  canceledBy?: number[];
  enqueuedAt?: DateRange;
  startedAt?: DateRange;
  finishedAt?: DateRange;
}

/** A page of tasks: newest first unless `reverse`; starts at uid `from` (inclusive). */
export interface TaskPage extends TaskFilter {
  limit: number;
  from?: number;
  reverse?: boolean;
}

/** What must outlive a process. SQLite for one instance; the conformance suite in `tests/` defines the meaning. */
export interface Store {
  /** Apply all changes or none, durably, before it resolves. Throws `ApiError` `miroir_store_unavailable` when it cannot. */
  commit(changes: readonly StoreChange[]): Promise<void>;
  /** Allot the next uid, insert the task with its parts and its idempotency key, and apply `changes`, all or nothing. */
  createTask(
    task: NewTask,
    parts: readonly NewPart[],
    changes: readonly StoreChange[],
    idempotencyKey?: NewIdempotencyKey | null,
  ): Promise<TaskRecord>;
  /** The next value of a counter that starts at 0 and is never reused, for example `index`. */
  nextId(counter: string): Promise<number>;

  task(uid: number): Promise<TaskRecord | null>;
  /** `total` counts all matches regardless of `from` and `limit`; `next` is the uid the next page starts at, or null. */
  tasks(page: TaskPage): Promise<{ records: TaskRecord[]; total: number; next: number | null }>;
  /** All tasks whose phase is not `ended`, in uid order. */
  unfinishedTasks(): Promise<TaskRecord[]>;
  /** Parts of one task in part order. */
  parts(taskUid: number): Promise<PartRecord[]>;
  /** Parts, of any task, that a node accepted and has not ended (`enqueued` or `processing`), in task and part order. */
  openParts(): Promise<PartRecord[]>;
  /** The highest node task uid recorded for a node and an index generation, or null. */
  lastNodeTask(nodeId: string, indexId: number): Promise<number | null>;
  /**
   * Among the oldest `limit` task uids that a node is known to have, below the newest recorded for it, those that nobody
   * needs there: of ended parts of tasks that finished before the instant, and leftovers. Ascending.
   */
  disposableNodeTasks(nodeId: string, finishedBefore: string, limit: number): Promise<number[]>;
  /** The newest task of a node, over all indexes; outlives indexes and tasks. */
  newestNodeTask(nodeId: string): Promise<NewestNodeTask | null>;
  deletions(indexId: number, ids: readonly string[]): Promise<DeletionRecords>;
  /** Forget deletions before a version, and the oldest beyond `keep`; what is forgotten is known by `forgottenUpTo`. */
  pruneDeletions(before: string, keep: number): Promise<void>;
  /** Reports of verifications by index generation. */
  verifications(): Promise<Map<number, string>>;
  /** Whether an index of this name on the nodes was deleted; the last ten thousand or so are remembered. */
  wasDeleted(physicalUid: string): Promise<boolean>;
  /** Requests made by repairs that may not have been followed by recorded ones, in order. */
  repairTasks(nodeId: string, indexId: number): Promise<RepairTask[]>;
  /** The log of a copy, oldest first. */
  missedWrites(indexId: number, shard: number, nodeId: string): Promise<MissedWrite[]>;
  /** Delete up to `limit` ended tasks that finished before the instant and have no open part; returns how many. */
  pruneTasks(finishedBefore: string, limit: number): Promise<number>;
  /** Delete these ended tasks (others are left); returns how many. */
  deleteTasks(uids: readonly number[]): Promise<number>;
  /** The index uids that tasks name, each once. */
  taskIndexUids(): Promise<string[]>;
  /** Number of tasks per status. */
  taskCounts(): Promise<Record<TaskStatus, number>>;

  /** What a key was used for, or null. */
  idempotencyKey(key: string): Promise<IdempotencyRecord | null>;
  /** Forget keys whose task was enqueued before the instant, and all but the `keep` last used ones; returns how many. */
  pruneIdempotencyKeys(enqueuedBefore: string, keep: number): Promise<number>;

  indexes(): Promise<IndexRecord[]>;
  staleCopies(): Promise<StaleCopy[]>;
  leavingCopies(): Promise<LeavingCopy[]>;
  keys(): Promise<KeyRecord[]>;
  topology(): Promise<TopologyRecord | null>;
  meta(key: string): Promise<string | null>;

  close(): Promise<void>;
}
