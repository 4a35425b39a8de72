import type { Connection } from './connection.ts';

interface Pending {
  run(): void;
  /** Called once the transaction is on disk, or with the reason why it is not. */
  settle(failure: unknown | null): void;
}

/** Most changes put in one transaction, so that a burst does not block the event loop for long. */
const largestGroup = 256;

/**
 * Runs changes in arrival order and makes those of one event-loop turn durable with a single flush to disk, which is what
 * a commit's time goes to (PostgreSQL's and MySQL's group commit). Each change has a savepoint: one that fails leaves the
 * others untouched, and one that is alone needs none. Nothing is acknowledged before its transaction has been committed.
 */
export class GroupCommit {
  readonly #connection: Connection;
  readonly #translate: (error: unknown) => unknown;
  #waiting: Pending[] = [];
  #scheduled = false;

  /** `translate` turns a driver error into what callers see. */
  constructor(connection: Connection, translate: (error: unknown) => unknown) {
    this.#connection = connection;
    this.#translate = translate;
  }

  /** Resolves with what `work` returned once that is durable. */
  submit<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let outcome: { value: T } | { error: unknown } | null = null;
      this.#waiting.push({
        run: () => {
          try {
            outcome = { value: work() };
          } catch (error) {
            outcome = { error };
            throw error;
          }
        },
        settle: (failure) => {
          if (failure !== null) reject(this.#translate(failure));
          else if (outcome !== null && 'value' in outcome) resolve(outcome.value);
          else reject(this.#translate(outcome?.error));
        },
      });
      this.#schedule();
    });
  }

  /** Commit all that waits, at once. */
  flush(): void {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, largestGroup);
      const failure = this.#commit(group);
      for (const pending of group) pending.settle(failure);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Null when committed, else why nothing of the group was. */
  #commit(group: readonly Pending[]): unknown | null {
    try {
      this.#connection.exec('BEGIN IMMEDIATE');
      if (group.length === 1) group[0]!.run();
      else for (const pending of group) this.#runInSavepoint(pending);
      this.#connection.exec('COMMIT');
      return null;
    } catch (error) {
      this.#rollback();
      return error;
    }
  }

  #runInSavepoint(pending: Pending): void {
    this.#connection.exec('SAVEPOINT change');
    try {
      pending.run();
    } catch (error) {
      // A full disk or a failed read makes SQLite give up the whole transaction, and then no neighbour survives either.
      if (!this.#connection.inTransaction) throw error;
      this.#connection.exec('ROLLBACK TO change');
    }
    this.#connection.exec('RELEASE change');
  }

  #rollback(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
    } catch {
      // the reason that led here is the one worth reporting; the next transaction meets the same trouble and says so
    }
  }
}
