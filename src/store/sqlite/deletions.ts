import type { DeletionRecords, Tombstones } from '../records.ts';
import type { Connection } from './connection.ts';
import { deletionMarkTable } from './tables.ts';

/** One statement for all ids, so that a large deletion costs one. The caller holds the transaction. */
export function putTombstones(connection: Connection, { indexId, version, ids }: Tombstones): void {
  connection.run(
    `INSERT INTO tombstones (index_id, id, version) SELECT ?, value, ? FROM json_each(?) WHERE true
     ON CONFLICT (index_id, id) DO UPDATE SET version = max(version, excluded.version)`,
    [indexId, version, JSON.stringify(ids)],
  );
}

/** What is known of the deletion of these documents. */
export function deletionsOf(connection: Connection, indexId: number, ids: readonly string[]): DeletionRecords {
  const rows = connection.all(
    'SELECT id, version FROM tombstones WHERE index_id = ? AND id IN (SELECT value FROM json_each(?))',
    [indexId, JSON.stringify(ids)],
  );
  const marks = connection
    .all(`SELECT ${deletionMarkTable.select} FROM deletion_marks WHERE index_id = ? ORDER BY version`, [indexId])
    .map((row) => deletionMarkTable.decode(row));
  const forgotten = connection.first('SELECT up_to FROM forgotten_deletions WHERE index_id = ?', [indexId]);
  return {
    tombstones: new Map(rows.map((row) => [String(row.id), String(row.version)])),
    marks,
    forgottenUpTo: String(forgotten?.up_to ?? ''),
  };
}

/** Forget deletions before a version and the oldest beyond `keep`. The caller holds the transaction. */
export function pruneDeletions(connection: Connection, before: string, keep: number): void {
  const limit = ['tombstones', 'deletion_marks'].reduce((latest, table) => {
    const row = connection.first(`SELECT version FROM ${table} ORDER BY version DESC LIMIT 1 OFFSET ?`, [keep]);
    const beyond = String(row?.version ?? '');
    return beyond > latest ? beyond : latest;
  }, before);
  for (const table of ['tombstones', 'deletion_marks']) {
    const rows = connection.all(
      `SELECT index_id, max(version) AS version FROM ${table} WHERE version <= ? GROUP BY index_id`,
      [limit],
    );
    for (const row of rows) forgetDeletions(connection, Number(row.index_id), String(row.version));
    connection.run(`DELETE FROM ${table} WHERE version <= ?`, [limit]);
  }
}

/** Deletions of an index up to a version count as not known. The caller holds the transaction. */
export function forgetDeletions(connection: Connection, indexId: number, upTo: string): void {
  connection.run(
    `INSERT INTO forgotten_deletions (index_id, up_to) VALUES (?, ?)
     ON CONFLICT (index_id) DO UPDATE SET up_to = max(up_to, excluded.up_to)`,
    [indexId, upTo],
  );
}
