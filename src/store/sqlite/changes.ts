import type { MissedWrite, NewestNodeTask, PartRecord, TaskRecord, TopologyRecord } from '../records.ts';
import type { NewIdempotencyKey, NewPart, NewTask, StoreChange } from '../store.ts';
import type { Connection } from './connection.ts';
import { forgetDeletions, putTombstones } from './deletions.ts';
import {
  deletionMarkTable,
  idempotencyTable,
  indexTable,
  keyTable,
  leavingTable,
  missedTable,
  partTable,
  repairTaskTable,
  staleTable,
  taskTable,
} from './tables.ts';

/** Take the next value of a counter. Values are gone once taken, whatever is deleted later. */
export function takeId(connection: Connection, counter: string): number {
  connection.run('INSERT INTO counters (name, next) VALUES (?, 0) ON CONFLICT (name) DO NOTHING', [counter]);
  connection.run('UPDATE counters SET next = next + 1 WHERE name = ?', [counter]);
  return Number(connection.first('SELECT next - 1 AS taken FROM counters WHERE name = ?', [counter])?.taken);
}

/** What is the newest task that a node is known to have taken. */
function noteNodeTask(connection: Connection, nodeId: string, { uid, enqueuedAt }: NewestNodeTask): void {
  connection.run(
    `INSERT INTO newest_node_tasks (node_id, uid, enqueued_at) VALUES (?, ?, ?)
     ON CONFLICT (node_id) DO UPDATE SET uid = excluded.uid, enqueued_at = excluded.enqueued_at
       WHERE excluded.uid > uid`,
    [nodeId, uid, enqueuedAt],
  );
}

/** The node's tasks of the index up to this one are accounted for. */
function raiseHighest(connection: Connection, nodeId: string, indexId: number, nodeTaskUid: number): void {
  connection.run(
    `INSERT INTO node_tasks (node_id, index_id, highest) VALUES (?, ?, ?)
     ON CONFLICT (node_id, index_id) DO UPDATE SET highest = max(highest, excluded.highest)`,
    [nodeId, indexId, nodeTaskUid],
  );
}

/** A part's task counts as one that its node took when it first names it: the node may have another disk by the time it ends. */
function putPart(connection: Connection, record: PartRecord): void {
  const before = connection.first('SELECT node_task_uid FROM parts WHERE task_uid = ? AND part = ?', [
    record.taskUid,
    record.part,
  ]);
  partTable.upsert(connection, record);
  if (record.nodeTaskUid === null || before?.node_task_uid === record.nodeTaskUid) return;
  connection.run(
    `INSERT INTO node_tasks (node_id, index_id, highest)
       SELECT ?, coalesce(?, index_id), ? FROM tasks WHERE uid = ? AND index_id IS NOT NULL
     ON CONFLICT (node_id, index_id) DO UPDATE SET highest = max(highest, excluded.highest)`,
    [record.nodeId, record.shadowId, record.nodeTaskUid, record.taskUid],
  );
  noteNodeTask(connection, record.nodeId, { uid: record.nodeTaskUid, enqueuedAt: record.nodeEnqueuedAt });
}

/** The node has another disk than before: nothing that it was known to have taken counts any more. */
function resetNodeTasks(connection: Connection, nodeId: string, newest: NewestNodeTask | null): void {
  connection.run('DELETE FROM newest_node_tasks WHERE node_id = ?', [nodeId]);
  connection.run('DELETE FROM node_tasks WHERE node_id = ?', [nodeId]);
  if (newest === null) return;
  connection.run('INSERT INTO newest_node_tasks (node_id, uid, enqueued_at) VALUES (?, ?, ?)', [
    nodeId,
    newest.uid,
    newest.enqueuedAt,
  ]);
  connection.run('INSERT INTO node_tasks (node_id, index_id, highest) SELECT ?, id, ? FROM indexes', [
    nodeId,
    newest.uid,
  ]);
}

function forgetNodeTasks(connection: Connection, nodeId: string, nodeTaskUids: readonly number[]): void {
  const values = [nodeId, JSON.stringify(nodeTaskUids)];
  connection.run(
    `UPDATE parts SET node_task_uid = NULL
     WHERE node_id = ? AND node_task_uid IN (SELECT value FROM json_each(?))
       AND status NOT IN ('sending', 'enqueued', 'processing')`,
    values,
  );
  connection.run(
    'DELETE FROM node_leftovers WHERE node_id = ? AND node_task_uid IN (SELECT value FROM json_each(?))',
    values,
  );
}

function putTopology(connection: Connection, record: TopologyRecord): void {
  connection.run(
    `INSERT INTO topology (only, version, replication_factor, nodes, retired) VALUES (1, ?, ?, ?, ?)
     ON CONFLICT (only) DO UPDATE SET version = excluded.version,
       replication_factor = excluded.replication_factor, nodes = excluded.nodes, retired = excluded.retired`,
    [record.version, record.replicationFactor, JSON.stringify(record.nodes), JSON.stringify(record.retired)],
  );
}

/** One statement for all names: each row is renamed by what it was called before. */
function renameTasks(connection: Connection, below: number, names: readonly { from: string; to: string }[]): void {
  connection.run(
    `UPDATE tasks SET index_uid = (SELECT value ->> 'to' FROM json_each(?1) WHERE value ->> 'from' = index_uid)
     WHERE uid < ?2 AND index_uid IN (SELECT value ->> 'from' FROM json_each(?1))`,
    [JSON.stringify(names), below],
  );
}

/** Generations that are remembered as deleted. */
const rememberedDeletions = 10_000;

/** An index goes with the marks of its copies and what was written down for repairing them; its name on the nodes is remembered. */
function deleteIndex(connection: Connection, id: number): void {
  connection.run(
    'INSERT OR REPLACE INTO deleted_indexes (id, physical_uid) SELECT id, physical_uid FROM indexes WHERE id = ?',
    [id],
  );
  connection.run('DELETE FROM deleted_indexes WHERE id <= (SELECT max(id) FROM deleted_indexes) - ?', [
    rememberedDeletions,
  ]);
  connection.run('DELETE FROM indexes WHERE id = ?', [id]);
  connection.run('DELETE FROM stale_copies WHERE index_id = ?', [id]);
  connection.run('DELETE FROM leaving_copies WHERE index_id = ?', [id]);
  connection.run('DELETE FROM missed_writes WHERE index_id = ?', [id]);
  connection.run('DELETE FROM repair_tasks WHERE index_id = ?', [id]);
  connection.run('DELETE FROM tombstones WHERE index_id = ?', [id]);
  connection.run('DELETE FROM deletion_marks WHERE index_id = ?', [id]);
  connection.run('DELETE FROM forgotten_deletions WHERE index_id = ?', [id]);
  connection.run('DELETE FROM verifications WHERE index_id = ?', [id]);
}

/** A write is noted when it is handed out and perhaps again when its task ends: what was noted first stands. */
function putMissed(connection: Connection, record: MissedWrite): void {
  const known = connection.first(
    'SELECT 1 FROM missed_writes WHERE index_id = ? AND shard = ? AND node_id = ? AND task_uid = ?',
    [record.indexId, record.shard, record.nodeId, record.taskUid],
  );
  if (known === null) missedTable.upsert(connection, record);
}

function deleteCopyMark(
  connection: Connection,
  table: 'stale_copies' | 'leaving_copies' | 'missed_writes',
  copy: { indexId: number; shard: number; nodeId: string },
): void {
  connection.run(`DELETE FROM ${table} WHERE index_id = ? AND shard = ? AND node_id = ?`, [
    copy.indexId,
    copy.shard,
    copy.nodeId,
  ]);
}

/** Apply one change; the caller holds the transaction. */
export function applyChange(connection: Connection, change: StoreChange): void {
  switch (change.kind) {
    case 'putIndex':
      indexTable.upsert(connection, change.record);
      return;
    case 'deleteIndex':
      deleteIndex(connection, change.id);
      return;
    case 'putTask':
      taskTable.upsert(connection, change.record);
      return;
    case 'putPart':
      putPart(connection, change.record);
      return;
    case 'renameTasks':
      renameTasks(connection, change.below, change.names);
      return;
    case 'noteNodeTask':
      noteNodeTask(connection, change.nodeId, change.task);
      return;
    case 'putLeftover':
      connection.run('INSERT OR IGNORE INTO node_leftovers (node_id, node_task_uid) VALUES (?, ?)', [
        change.nodeId,
        change.nodeTaskUid,
      ]);
      return;
    case 'forgetNodeTasks':
      forgetNodeTasks(connection, change.nodeId, change.nodeTaskUids);
      return;
    case 'putStale':
      staleTable.upsert(connection, change.record);
      return;
    case 'deleteStale':
      deleteCopyMark(connection, 'stale_copies', change);
      deleteCopyMark(connection, 'missed_writes', change);
      return;
    case 'putMissed':
      putMissed(connection, change.record);
      return;
    case 'putRepairTask':
      repairTaskTable.upsert(connection, change.record);
      return;
    case 'clearRepairTasks':
      connection.run('DELETE FROM repair_tasks WHERE node_id = ? AND index_id = ?', [change.nodeId, change.indexId]);
      raiseHighest(connection, change.nodeId, change.indexId, change.newest);
      return;
    case 'putTombstones':
      putTombstones(connection, change.record);
      return;
    case 'putDeletionMark':
      deletionMarkTable.upsert(connection, change.record);
      return;
    case 'forgetDeletions':
      forgetDeletions(connection, change.indexId, change.upTo);
      return;
    case 'putVerification':
      connection.run('INSERT OR REPLACE INTO verifications (index_id, report) VALUES (?, ?)', [
        change.indexId,
        change.report,
      ]);
      return;
    case 'resetNodeTasks':
      resetNodeTasks(connection, change.nodeId, change.newest);
      return;
    case 'putLeaving':
      leavingTable.upsert(connection, change.record);
      return;
    case 'deleteLeaving':
      deleteCopyMark(connection, 'leaving_copies', change);
      return;
    case 'releaseIdempotencyKey':
      connection.run('DELETE FROM idempotency_keys WHERE task_uid = ?', [change.taskUid]);
      return;
    case 'putKey':
      keyTable.upsert(connection, change.record);
      return;
    case 'deleteKey':
      connection.run('DELETE FROM keys WHERE uid = ?', [change.uid]);
      return;
    case 'putTopology':
      putTopology(connection, change.record);
      return;
    case 'putMeta':
      connection.run(
        'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        [change.key, change.value],
      );
      return;
  }
}

/** Give the task its uid and insert it with its parts, changes and key; the caller holds the transaction. */
export function insertTask(
  connection: Connection,
  task: NewTask,
  parts: readonly NewPart[],
  changes: readonly StoreChange[],
  idempotencyKey: NewIdempotencyKey | null,
): TaskRecord {
  const record: TaskRecord = { ...task, uid: takeId(connection, 'task') };
  taskTable.upsert(connection, record);
  for (const part of parts) putPart(connection, { ...part, taskUid: record.uid });
  for (const change of changes) applyChange(connection, change);
  if (idempotencyKey !== null) {
    const { uid: taskUid, indexUid, type, enqueuedAt } = record;
    idempotencyTable.upsert(connection, { ...idempotencyKey, taskUid, indexUid, type, enqueuedAt });
  }
  return record;
}
