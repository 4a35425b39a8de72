import type { Connection } from './connection.ts';
import { storeUnavailable } from './errors.ts';

/** Marks a file as a Miroir store (`PRAGMA application_id`; the letters `Miro`). */
const applicationId = 0x4d69726f;

/** One step of the schema; never edited once released, only followed by another. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Every schema version in order. `*_key` columns hold sortable forms of the dates beside them. `task_counts` is kept by
 * triggers so that totals do not scan the table. `node_tasks` outlives pruned tasks; `node_leftovers` are tasks of nodes
 * that no part knows (any more).
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO counters (name, next) VALUES ('task', 0);

      CREATE TABLE tasks (
        uid INTEGER PRIMARY KEY,
        type TEXT NOT NULL,
        index_uid TEXT,
        index_id INTEGER,
        status TEXT NOT NULL,
        phase TEXT NOT NULL,
        details TEXT,
        error TEXT,
        verdict TEXT,
        effect TEXT,
        canceled_by INTEGER,
        enqueued_at TEXT NOT NULL,
        enqueued_key TEXT NOT NULL,
        started_at TEXT,
        started_key TEXT,
        finished_at TEXT,
        finished_key TEXT
      ) STRICT;
      CREATE INDEX tasks_status ON tasks (status);
      CREATE INDEX tasks_index_uid ON tasks (index_uid);
      CREATE INDEX tasks_type ON tasks (type);
      CREATE INDEX tasks_finished ON tasks (finished_key) WHERE finished_key IS NOT NULL;
      CREATE INDEX tasks_canceled_by ON tasks (canceled_by) WHERE canceled_by IS NOT NULL;
      CREATE INDEX tasks_generation ON tasks (index_id) WHERE index_id IS NOT NULL;
      CREATE INDEX tasks_unfinished ON tasks (uid) WHERE phase <> 'ended';

      CREATE TABLE task_counts (status TEXT PRIMARY KEY, tasks INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO task_counts (status, tasks)
        VALUES ('enqueued', 0), ('processing', 0), ('succeeded', 0), ('failed', 0), ('canceled', 0);
      CREATE TRIGGER tasks_counted AFTER INSERT ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks + 1 WHERE status = NEW.status;
        UPDATE counters SET next = max(next, NEW.uid + 1) WHERE name = 'task';
      END;
      CREATE TRIGGER tasks_uncounted AFTER DELETE ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks - 1 WHERE status = OLD.status;
      END;
      CREATE TRIGGER tasks_recounted AFTER UPDATE OF status ON tasks WHEN OLD.status <> NEW.status BEGIN
        UPDATE task_counts SET tasks = tasks - 1 WHERE status = OLD.status;
        UPDATE task_counts SET tasks = tasks + 1 WHERE status = NEW.status;
      END;

      CREATE TABLE parts (
        task_uid INTEGER NOT NULL REFERENCES tasks (uid) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        step TEXT NOT NULL,
        request TEXT,
        shards TEXT,
        counts INTEGER NOT NULL,
        node_task_uid INTEGER,
        status TEXT NOT NULL,
        details TEXT,
        error TEXT,
        started_at TEXT,
        finished_at TEXT,
        PRIMARY KEY (task_uid, part)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX parts_open ON parts (task_uid, part) WHERE status IN ('enqueued', 'processing');

      CREATE TABLE node_tasks (
        node_id TEXT NOT NULL,
        index_id INTEGER NOT NULL,
        highest INTEGER NOT NULL,
        PRIMARY KEY (node_id, index_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE indexes (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        accepted_uid TEXT NOT NULL,
        physical_uid TEXT NOT NULL,
        shards INTEGER NOT NULL,
        state TEXT NOT NULL,
        primary_key TEXT,
        accepted_primary_key TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        settings TEXT,
        settings_version INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE stale_copies (
        index_id INTEGER NOT NULL,
        shard INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        since TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (index_id, shard, node_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE keys (
        uid TEXT PRIMARY KEY,
        name TEXT,
        description TEXT,
        actions TEXT NOT NULL,
        indexes TEXT NOT NULL,
        expires_at TEXT,
        created_at TEXT NOT NULL,
        created_key TEXT NOT NULL,
        updated_at TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE topology (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        version INTEGER NOT NULL,
        replication_factor INTEGER NOT NULL,
        nodes TEXT NOT NULL
      ) STRICT;

      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 2,
    sql: `
      CREATE TABLE leaving_copies (
        index_id INTEGER NOT NULL,
        shard INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        state TEXT NOT NULL,
        since TEXT NOT NULL,
        PRIMARY KEY (index_id, shard, node_id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX parts_at_nodes ON parts (node_id, node_task_uid) WHERE node_task_uid IS NOT NULL;
      CREATE TABLE node_leftovers (
        node_id TEXT NOT NULL,
        node_task_uid INTEGER NOT NULL,
        PRIMARY KEY (node_id, node_task_uid)
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER parts_leave_node_tasks AFTER DELETE ON parts WHEN OLD.node_task_uid IS NOT NULL BEGIN
        INSERT OR IGNORE INTO node_leftovers (node_id, node_task_uid) VALUES (OLD.node_id, OLD.node_task_uid);
      END;
      CREATE TABLE idempotency_keys (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        task_uid INTEGER NOT NULL,
        index_uid TEXT,
        type TEXT NOT NULL,
        enqueued_at TEXT NOT NULL,
        enqueued_key TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX idempotency_keys_task ON idempotency_keys (task_uid);
      CREATE INDEX idempotency_keys_enqueued ON idempotency_keys (enqueued_key);
      ALTER TABLE stale_copies ADD COLUMN cause TEXT NOT NULL DEFAULT 'missed';
      ALTER TABLE topology ADD COLUMN retired TEXT NOT NULL DEFAULT '[]';

      CREATE TABLE missed_writes (
        index_id INTEGER NOT NULL,
        shard INTEGER NOT NULL,
        node_id TEXT NOT NULL,
        task_uid INTEGER NOT NULL,
        ids TEXT,
        first INTEGER NOT NULL,
        PRIMARY KEY (index_id, shard, node_id, task_uid)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE repair_tasks (
        node_id TEXT NOT NULL,
        index_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        after_task INTEGER NOT NULL,
        node_task_uid INTEGER,
        PRIMARY KEY (node_id, index_id, seq)
      ) STRICT, WITHOUT ROWID;

      ALTER TABLE parts ADD COLUMN node_enqueued_at TEXT;
      CREATE TABLE newest_node_tasks (node_id TEXT PRIMARY KEY, uid INTEGER NOT NULL, enqueued_at TEXT) STRICT, WITHOUT ROWID;
      CREATE TABLE tombstones (
        index_id INTEGER NOT NULL,
        id TEXT NOT NULL,
        version TEXT NOT NULL,
        PRIMARY KEY (index_id, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX tombstones_version ON tombstones (version);
      CREATE TABLE deletion_marks (
        index_id INTEGER NOT NULL,
        version TEXT NOT NULL,
        kind TEXT NOT NULL,
        filter TEXT,
        PRIMARY KEY (index_id, version)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE forgotten_deletions (index_id INTEGER PRIMARY KEY, up_to TEXT NOT NULL) STRICT;
      CREATE TABLE verifications (index_id INTEGER PRIMARY KEY, report TEXT NOT NULL) STRICT;

      CREATE TABLE deleted_indexes (id INTEGER PRIMARY KEY, physical_uid TEXT NOT NULL) STRICT;
      INSERT INTO newest_node_tasks (node_id, uid) SELECT node_id, max(highest) FROM node_tasks GROUP BY node_id;
    `,
  },
  {
    version: 3,
    sql: `
      ALTER TABLE indexes ADD COLUMN shadow TEXT;
      ALTER TABLE parts ADD COLUMN shadow_id INTEGER;
    `,
  },
];

function pragma(connection: Connection, name: string): number {
  return Number(connection.first(`PRAGMA ${name}`)?.[name] ?? 0);
}

function refuseForeignFile(connection: Connection): void {
  const marked = pragma(connection, 'application_id') === applicationId;
  if (marked) return;
  const tables = Number(connection.first('SELECT count(*) AS tables FROM sqlite_schema')?.tables ?? 0);
  if (tables > 0) throw storeUnavailable(connection.path, 'its file is a database of another program; check the path');
}

/**
 * Bring the database to the newest version of `steps`, each step in a transaction of its own. Throws when the file belongs
 * to another program or was written by a newer Miroir.
 */
export function migrate(connection: Connection, steps: readonly Migration[] = migrations): void {
  refuseForeignFile(connection);
  const newest = steps.at(-1)?.version ?? 0;
  const present = pragma(connection, 'user_version');
  if (present > newest) {
    throw storeUnavailable(
      connection.path,
      `a newer Miroir wrote it (schema version ${present}, this one knows up to ${newest}); start that version or a later one`,
    );
  }
  for (const step of steps) {
    if (step.version <= present) continue;
    connection.exec('BEGIN IMMEDIATE');
    try {
      connection.exec(step.sql);
      connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${step.version};`);
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      throw error;
    }
  }
}
