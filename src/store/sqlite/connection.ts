import type Database from 'libsql';
import { storeUnavailable } from './errors.ts';

/** A value that can be bound to a statement. */
export type SqlValue = string | number | null;
/** A row as the driver gives it. */
export type SqlRow = Record<string, SqlValue>;

/**
 * One SQLite connection with its prepared statements. Results are always read to the end (`all`, never `get`): a statement
 * left half-way keeps its snapshot open and the write-ahead log could never be folded back into the file.
 */
export class Connection {
  readonly path: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  #closed = false;

  constructor(path: string, database: Database.Database) {
    this.path = path;
    this.#database = database;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get inTransaction(): boolean {
    return !this.#closed && this.#database.inTransaction;
  }

  /** Run statements that bind nothing and return nothing. */
  exec(sql: string): void {
    this.#refuseWhenClosed();
    this.#database.exec(sql);
  }

  /** All rows of a query. */
  all(sql: string, values: readonly SqlValue[] = []): SqlRow[] {
    return this.#prepare(sql).all([...values]) as SqlRow[];
  }

  /** The first row of a query, or null. */
  first(sql: string, values: readonly SqlValue[] = []): SqlRow | null {
    return this.all(sql, values)[0] ?? null;
  }

  /** Run a change; returns how many rows it touched. */
  run(sql: string, values: readonly SqlValue[] = []): number {
    return this.#prepare(sql).run([...values]).changes;
  }

  /**
   * Fold the write-ahead log into the file, let go of the lock and close. The driver cannot finalise statements, so the
   * handle lives on until it is collected; without leaving WAL and exclusive mode first it would keep the lock as well.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    try {
      this.#database.pragma('journal_mode = DELETE');
      this.#database.pragma('locking_mode = NORMAL');
      this.#database.prepare('SELECT count(*) FROM sqlite_schema').all([]);
    } finally {
      this.#database.close();
    }
  }

  #prepare(sql: string): Database.Statement {
    this.#refuseWhenClosed();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw storeUnavailable(this.path, 'it is closed because Miroir is stopping');
  }
}
