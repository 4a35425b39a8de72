import { sortableInstant } from '../instant.ts';
import type { PartRecord, TaskRecord, TaskStatus } from '../records.ts';
import type { DateRange, TaskFilter, TaskPage } from '../store.ts';
import type { Connection, SqlRow, SqlValue } from './connection.ts';
import { partTable, taskTable } from './tables.ts';

interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** A list travels as one JSON value, so a statement is prepared once whatever the list's length. */
function inList(column: string, values: readonly (string | number)[] | undefined): Condition[] {
  if (values === undefined) return [];
  return [{ sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] }];
}

function inRange(column: string, range: DateRange | undefined): Condition[] {
  const conditions: Condition[] = [];
  if (range?.after !== undefined) conditions.push({ sql: `${column} > ?`, values: [sortableInstant(range.after)] });
  if (range?.before !== undefined) conditions.push({ sql: `${column} < ?`, values: [sortableInstant(range.before)] });
  return conditions;
}

function filterConditions(filter: TaskFilter): Condition[] {
  return [
    ...inList('uid', filter.uids),
    ...inList('status', filter.statuses),
    ...inList('type', filter.types),
    ...inList('index_uid', filter.indexUids),
    ...inList('canceled_by', filter.canceledBy),
    ...inRange('enqueued_key', filter.enqueuedAt),
    ...inRange('started_key', filter.startedAt),
    ...inRange('finished_key', filter.finishedAt),
  ];
}

function where(conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return { sql: '', values: [] };
  return {
    sql: `WHERE ${conditions.map((condition) => condition.sql).join(' AND ')}`,
    values: conditions.flatMap((condition) => condition.values),
  };
}

function countOf(row: SqlRow | null): number {
  return Number(row?.tasks ?? 0);
}

function countTasks(connection: Connection, conditions: readonly Condition[]): number {
  if (conditions.length === 0) return countOf(connection.first('SELECT sum(tasks) AS tasks FROM task_counts'));
  const { sql, values } = where(conditions);
  return countOf(connection.first(`SELECT count(*) AS tasks FROM tasks ${sql}`, values));
}

/** One page of tasks; one more row than asked for is read to learn where the next page starts. */
export function pageOfTasks(connection: Connection, page: TaskPage) {
  const matching = filterConditions(page);
  const descending = page.reverse !== true;
  const start: Condition[] =
    page.from === undefined ? [] : [{ sql: descending ? 'uid <= ?' : 'uid >= ?', values: [page.from] }];
  const { sql, values } = where([...matching, ...start]);
  const rows = connection.all(
    `SELECT ${taskTable.select} FROM tasks ${sql} ORDER BY uid ${descending ? 'DESC' : 'ASC'} LIMIT ?`,
    [...values, page.limit + 1],
  );
  const records = rows.map((row) => taskTable.decode(row));
  const beyond = records.length > page.limit ? records.pop() : undefined;
  return { records, total: countTasks(connection, matching), next: beyond?.uid ?? null };
}

export function taskByUid(connection: Connection, uid: number): TaskRecord | null {
  const row = connection.first(`SELECT ${taskTable.select} FROM tasks WHERE uid = ?`, [uid]);
  return row === null ? null : taskTable.decode(row);
}

export function unfinishedTasks(connection: Connection): TaskRecord[] {
  const rows = connection.all(`SELECT ${taskTable.select} FROM tasks WHERE phase <> 'ended' ORDER BY uid`);
  return rows.map((row) => taskTable.decode(row));
}

/** Jumps from one distinct uid to the next along the index instead of reading every task. */
export function taskIndexUids(connection: Connection): string[] {
  const rows = connection.all(
    `WITH RECURSIVE named (uid) AS (
       SELECT min(index_uid) FROM tasks
       UNION ALL
       SELECT (SELECT min(index_uid) FROM tasks WHERE index_uid > named.uid) FROM named WHERE named.uid IS NOT NULL)
     SELECT uid FROM named WHERE uid IS NOT NULL`,
  );
  return rows.map((row) => String(row.uid));
}

export function taskCounts(connection: Connection): Record<TaskStatus, number> {
  const counts: Record<TaskStatus, number> = { enqueued: 0, processing: 0, succeeded: 0, failed: 0, canceled: 0 };
  for (const row of connection.all('SELECT status, tasks FROM task_counts')) {
    counts[row.status as TaskStatus] = countOf(row);
  }
  return counts;
}

export function partsOf(connection: Connection, taskUid: number): PartRecord[] {
  const rows = connection.all(`SELECT ${partTable.select} FROM parts WHERE task_uid = ? ORDER BY part`, [taskUid]);
  return rows.map((row) => partTable.decode(row));
}

export function openParts(connection: Connection): PartRecord[] {
  const rows = connection.all(
    `SELECT ${partTable.select} FROM parts WHERE status IN ('enqueued', 'processing') ORDER BY task_uid, part`,
  );
  return rows.map((row) => partTable.decode(row));
}

export function lastNodeTask(connection: Connection, nodeId: string, indexId: number): number | null {
  const row = connection.first('SELECT highest FROM node_tasks WHERE node_id = ? AND index_id = ?', [nodeId, indexId]);
  return row === null ? null : Number(row.highest);
}

/** The oldest known tasks of a node are looked at, by the index, and then judged: a node works them off in that order. */
export function disposableNodeTasks(
  connection: Connection,
  nodeId: string,
  finishedBefore: string,
  limit: number,
): number[] {
  const rows = connection.all(
    `WITH newest (uid) AS (SELECT max(highest) FROM node_tasks WHERE node_id = ?1),
       oldest (uid, task_uid) AS (
         SELECT node_task_uid, task_uid FROM parts
         WHERE node_id = ?1 AND node_task_uid IS NOT NULL AND node_task_uid < (SELECT uid FROM newest)
         ORDER BY node_task_uid LIMIT ?3),
       disposable (uid) AS (
         SELECT oldest.uid FROM oldest JOIN tasks ON tasks.uid = oldest.task_uid
         WHERE tasks.phase = 'ended' AND tasks.finished_key < ?2
         UNION
         SELECT node_task_uid FROM node_leftovers WHERE node_id = ?1 AND node_task_uid < (SELECT uid FROM newest))
     SELECT uid FROM disposable
     WHERE NOT EXISTS (
       SELECT 1 FROM parts WHERE node_id = ?1 AND node_task_uid = disposable.uid
         AND status IN ('sending', 'enqueued', 'processing'))
     ORDER BY uid LIMIT ?3`,
    [nodeId, sortableInstant(finishedBefore), limit],
  );
  return rows.map((row) => Number(row.uid));
}

/** Forget the high-water marks of generations that neither the catalog nor any task knows. */
function dropOrphanedMarks(connection: Connection): void {
  connection.run(
    `DELETE FROM node_tasks
     WHERE NOT EXISTS (SELECT 1 FROM indexes WHERE id = node_tasks.index_id)
       AND NOT EXISTS (SELECT 1 FROM tasks WHERE index_id = node_tasks.index_id)`,
  );
}

/** Delete the oldest ended tasks first; the caller holds the transaction. */
export function pruneTasks(connection: Connection, finishedBefore: string, limit: number): number {
  const pruned = connection.run(
    `DELETE FROM tasks WHERE uid IN (
       SELECT uid FROM tasks
       WHERE finished_key < ? AND phase = 'ended' AND NOT EXISTS (
         SELECT 1 FROM parts WHERE task_uid = tasks.uid AND status IN ('enqueued', 'processing'))
       ORDER BY finished_key, uid LIMIT ?)`,
    [sortableInstant(finishedBefore), limit],
  );
  if (pruned > 0) dropOrphanedMarks(connection);
  return pruned;
}

/** The caller holds the transaction. */
export function deleteTasks(connection: Connection, uids: readonly number[]): number {
  const deleted = connection.run(
    `DELETE FROM tasks WHERE phase = 'ended' AND uid IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(uids)],
  );
  if (deleted > 0) dropOrphanedMarks(connection);
  return deleted;
}
