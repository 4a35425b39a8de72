import Database from 'libsql';
import { Connection } from '../../src/store/sqlite/connection.ts';
import { migrate } from '../../src/store/sqlite/migrations.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

const path = ':memory:';

type Row = (string | number | null)[];

/** All rows, by table. */
function rowsOf(connection: Connection): Map<string, Row[]> {
  const tables = connection.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  return new Map(
    tables.map(({ name }) => [
      String(name),
      connection.all(`SELECT * FROM ${name}`).map((row) => Object.values(row) as Row),
    ]),
  );
}

/** Make the tables hold these rows and no others. */
function restore(connection: Connection, rows: ReadonlyMap<string, readonly Row[]>): void {
  connection.exec('BEGIN');
  // twice: deleting makes triggers write to other tables
  for (const table of [...rows.keys(), ...rows.keys()]) connection.run(`DELETE FROM ${table}`);
  for (const [table, ofTable] of rows) {
    for (const row of ofTable) connection.run(`INSERT INTO ${table} VALUES (${row.map(() => '?').join(', ')})`, row);
  }
  connection.exec('COMMIT');
}

/**
 * Stores in memory that are as new, one after the other: a database is migrated once, and emptied for each further store,
 * which is far less work than opening one. A store must no longer be used when the next one is asked for.
 */
export class Stores {
  readonly #connection = new Connection(path, new Database(path));
  readonly #migrated: ReadonlyMap<string, readonly Row[]>;

  constructor() {
    this.#connection.exec('PRAGMA foreign_keys = ON');
    migrate(this.#connection);
    this.#migrated = rowsOf(this.#connection);
  }

  next(): Store {
    restore(this.#connection, this.#migrated);
    return new SqliteStore(this.#connection);
  }

  /** What is in the database now, by table. */
  content(): ReadonlyMap<string, readonly Row[]> {
    return rowsOf(this.#connection);
  }
}
