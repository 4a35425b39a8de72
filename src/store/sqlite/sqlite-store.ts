import { sortableInstant } from '../instant.ts';
import type {
  DeletionRecords,
  IdempotencyRecord,
  IndexRecord,
  KeyRecord,
  LeavingCopy,
  MissedWrite,
  NewestNodeTask,
  NodeRecord,
  PartRecord,
  RepairTask,
  StaleCopy,
  TaskRecord,
  TopologyRecord,
} from '../records.ts';
import type { NewIdempotencyKey, NewPart, NewTask, Store, StoreChange, TaskPage } from '../store.ts';
import { applyChange, insertTask, takeId } from './changes.ts';
import type { Connection, SqlRow } from './connection.ts';
import { deletionsOf, pruneDeletions } from './deletions.ts';
import { translateError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import {
  idempotencyTable,
  indexTable,
  keyTable,
  leavingTable,
  missedTable,
  repairTaskTable,
  staleTable,
} from './tables.ts';
import {
  deleteTasks,
  disposableNodeTasks,
  lastNodeTask,
  openParts,
  pageOfTasks,
  partsOf,
  pruneTasks,
  taskByUid,
  taskCounts,
  taskIndexUids,
  unfinishedTasks,
} from './task-queries.ts';

/** Schema version 1 knew neither slots nor states. */
type StoredNode = Omit<NodeRecord, 'slot' | 'state'> & Partial<NodeRecord>;

function decodeTopology(row: SqlRow | null): TopologyRecord | null {
  if (row === null) return null;
  return {
    version: Number(row.version),
    replicationFactor: Number(row.replication_factor),
    nodes: (JSON.parse(String(row.nodes)) as StoredNode[]).map((node) => ({ slot: node.id, state: 'active', ...node })),
    retired: JSON.parse(String(row.retired)) as string[],
  };
}

/** The store of one Miroir process in an SQLite file. Built by `openSqliteStore`. */
export class SqliteStore implements Store {
  readonly #connection: Connection;
  readonly #writes: GroupCommit;
  readonly #committed: (changes: readonly StoreChange[]) => void;

  /** `committed`: see `SqliteStoreOptions.onCommitted`. */
  constructor(connection: Connection, committed: (changes: readonly StoreChange[]) => void = () => undefined) {
    this.#connection = connection;
    this.#committed = committed;
    this.#writes = new GroupCommit(connection, (error) => translateError(connection.path, error));
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    await this.#writes.submit(() => {
      for (const change of changes) applyChange(this.#connection, change);
    });
    this.#committed(changes);
  }

  async createTask(
    task: NewTask,
    parts: readonly NewPart[],
    changes: readonly StoreChange[],
    idempotencyKey: NewIdempotencyKey | null = null,
  ): Promise<TaskRecord> {
    const record = await this.#writes.submit(() => insertTask(this.#connection, task, parts, changes, idempotencyKey));
    this.#committed(changes);
    return record;
  }

  nextId(counter: string): Promise<number> {
    return this.#writes.submit(() => takeId(this.#connection, counter));
  }

  task(uid: number): Promise<TaskRecord | null> {
    return this.#read((connection) => taskByUid(connection, uid));
  }

  tasks(page: TaskPage): Promise<{ records: TaskRecord[]; total: number; next: number | null }> {
    return this.#read((connection) => pageOfTasks(connection, page));
  }

  unfinishedTasks(): Promise<TaskRecord[]> {
    return this.#read(unfinishedTasks);
  }

  parts(taskUid: number): Promise<PartRecord[]> {
    return this.#read((connection) => partsOf(connection, taskUid));
  }

  openParts(): Promise<PartRecord[]> {
    return this.#read(openParts);
  }

  lastNodeTask(nodeId: string, indexId: number): Promise<number | null> {
    return this.#read((connection) => lastNodeTask(connection, nodeId, indexId));
  }

  disposableNodeTasks(nodeId: string, finishedBefore: string, limit: number): Promise<number[]> {
    return this.#read((connection) => disposableNodeTasks(connection, nodeId, finishedBefore, limit));
  }

  newestNodeTask(nodeId: string): Promise<NewestNodeTask | null> {
    return this.#read((connection) => {
      const row = connection.first('SELECT uid, enqueued_at FROM newest_node_tasks WHERE node_id = ?', [nodeId]);
      if (row === null) return null;
      return { uid: Number(row.uid), enqueuedAt: row.enqueued_at === null ? null : String(row.enqueued_at) };
    });
  }

  deletions(indexId: number, ids: readonly string[]): Promise<DeletionRecords> {
    return this.#read((connection) => deletionsOf(connection, indexId, ids));
  }

  pruneDeletions(before: string, keep: number): Promise<void> {
    return this.#writes.submit(() => pruneDeletions(this.#connection, before, keep));
  }

  verifications(): Promise<Map<number, string>> {
    return this.#read((connection) => {
      const rows = connection.all('SELECT index_id, report FROM verifications ORDER BY index_id');
      return new Map(rows.map((row) => [Number(row.index_id), String(row.report)]));
    });
  }

  wasDeleted(physicalUid: string): Promise<boolean> {
    return this.#read(
      (connection) => connection.first('SELECT id FROM deleted_indexes WHERE physical_uid = ?', [physicalUid]) !== null,
    );
  }

  repairTasks(nodeId: string, indexId: number): Promise<RepairTask[]> {
    return this.#read((connection) =>
      connection
        .all(`SELECT ${repairTaskTable.select} FROM repair_tasks WHERE node_id = ? AND index_id = ? ORDER BY seq`, [
          nodeId,
          indexId,
        ])
        .map((row) => repairTaskTable.decode(row)),
    );
  }

  missedWrites(indexId: number, shard: number, nodeId: string): Promise<MissedWrite[]> {
    return this.#read((connection) =>
      connection
        .all(
          `SELECT ${missedTable.select} FROM missed_writes WHERE index_id = ? AND shard = ? AND node_id = ? ORDER BY task_uid`,
          [indexId, shard, nodeId],
        )
        .map((row) => missedTable.decode(row)),
    );
  }

  pruneTasks(finishedBefore: string, limit: number): Promise<number> {
    return this.#writes.submit(() => pruneTasks(this.#connection, finishedBefore, limit));
  }

  deleteTasks(uids: readonly number[]): Promise<number> {
    return this.#writes.submit(() => deleteTasks(this.#connection, uids));
  }

  taskIndexUids(): Promise<string[]> {
    return this.#read(taskIndexUids);
  }

  taskCounts(): ReturnType<Store['taskCounts']> {
    return this.#read(taskCounts);
  }

  idempotencyKey(key: string): Promise<IdempotencyRecord | null> {
    return this.#read((connection) => {
      const row = connection.first(`SELECT ${idempotencyTable.select} FROM idempotency_keys WHERE key = ?`, [key]);
      return row === null ? null : idempotencyTable.decode(row);
    });
  }

  pruneIdempotencyKeys(enqueuedBefore: string, keep: number): Promise<number> {
    return this.#writes.submit(() =>
      this.#connection.run(
        `DELETE FROM idempotency_keys WHERE enqueued_key < ? OR task_uid <= (
           SELECT task_uid FROM idempotency_keys ORDER BY task_uid DESC LIMIT 1 OFFSET ?)`,
        [sortableInstant(enqueuedBefore), keep],
      ),
    );
  }

  indexes(): Promise<IndexRecord[]> {
    return this.#read((connection) =>
      connection.all(`SELECT ${indexTable.select} FROM indexes ORDER BY id`).map((row) => indexTable.decode(row)),
    );
  }

  staleCopies(): Promise<StaleCopy[]> {
    return this.#read((connection) =>
      connection
        .all(`SELECT ${staleTable.select} FROM stale_copies ORDER BY index_id, shard, node_id`)
        .map((row) => staleTable.decode(row)),
    );
  }

  leavingCopies(): Promise<LeavingCopy[]> {
    return this.#read((connection) =>
      connection
        .all(`SELECT ${leavingTable.select} FROM leaving_copies ORDER BY index_id, shard, node_id`)
        .map((row) => leavingTable.decode(row)),
    );
  }

  keys(): Promise<KeyRecord[]> {
    return this.#read((connection) =>
      connection
        .all(`SELECT ${keyTable.select} FROM keys ORDER BY created_key, uid`)
        .map((row) => keyTable.decode(row)),
    );
  }

  topology(): Promise<TopologyRecord | null> {
    return this.#read((connection) =>
      decodeTopology(connection.first('SELECT version, replication_factor, nodes, retired FROM topology')),
    );
  }

  meta(key: string): Promise<string | null> {
    return this.#read((connection) => {
      const row = connection.first('SELECT value FROM meta WHERE key = ?', [key]);
      return row === null ? null : String(row.value);
    });
  }

  async close(): Promise<void> {
    if (this.#connection.closed) return;
    this.#writes.flush();
    try {
      this.#connection.close();
    } catch (error) {
      throw translateError(this.#connection.path, error);
    }
  }

  async #read<T>(query: (connection: Connection) => T): Promise<T> {
    try {
      return query(this.#connection);
    } catch (error) {
      throw translateError(this.#connection.path, error);
    }
  }
}
