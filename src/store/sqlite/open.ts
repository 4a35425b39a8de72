import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import type { Store, StoreChange } from '../store.ts';
import { Connection } from './connection.ts';
import { sqliteCode, storeUnavailable, translateError } from './errors.ts';
import { migrate } from './migrations.ts';
import { SqliteStore } from './sqlite-store.ts';

/** Where the SQLite store lives and how hard it flushes. */
export interface SqliteStoreOptions {
  /** File path, created with its folder when absent; `":memory:"` keeps everything in memory (tests). */
  path: string;
  /**
   * `full`: an acknowledged write survives a power cut. `normal`: it survives a crash of Miroir, but the last ones before
   * a power cut may be lost.
   */
  synchronous: 'full' | 'normal';
  /** Told of all changes once they are durable, in their order and before whoever made them. */
  onCommitted?: (changes: readonly StoreChange[]) => void;
}

const inMemory = ':memory:';
/** Milliseconds to wait for a process that is just ending to let go of the file. */
const lockPatienceMs = 2_000;

/** The file holds keys' uids and task payload details: only its owner may read it. SQLite gives its side files the same mode. */
function preparePrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw storeUnavailable(path, `its file cannot be created or opened: ${reason}`, error);
  }
}

/**
 * Exclusive mode set before the first access makes SQLite hold an operating-system lock on the file for as long as the
 * process lives, so a second Miroir cannot open it, and a killed one leaves nothing behind.
 */
function takeOwnership(database: Database.Database, synchronous: SqliteStoreOptions['synchronous']): void {
  database.pragma(`busy_timeout = ${lockPatienceMs}`);
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${synchronous}`);
  database.pragma('foreign_keys = ON');
  database.exec('BEGIN IMMEDIATE; COMMIT');
}

function openFailure(path: string, error: unknown): unknown {
  if (sqliteCode(error)?.startsWith('SQLITE_BUSY')) {
    return storeUnavailable(
      path,
      'another Miroir process uses it; stop that one or configure another `store.path`',
      error,
    );
  }
  return translateError(path, error);
}

/** Open the store, creating or upgrading it. Throws `ApiError` `miroir_store_unavailable` with the reason when it cannot. */
export async function openSqliteStore({ path, synchronous, onCommitted }: SqliteStoreOptions): Promise<Store> {
  if (path !== inMemory) preparePrivateFile(path);
  let connection: Connection | null = null;
  try {
    const database = new Database(path);
    connection = new Connection(path, database);
    takeOwnership(database, synchronous);
    migrate(connection);
    return new SqliteStore(connection, onCommitted);
  } catch (error) {
    closeQuietly(connection);
    throw openFailure(path, error);
  }
}

function closeQuietly(connection: Connection | null): void {
  try {
    connection?.close();
  } catch {
    // the reason why opening failed is the one to report
  }
}
