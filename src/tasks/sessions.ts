import type { Timing } from '../nodes/timing.ts';
import type { ActiveTasks } from './active.ts';

/** Lets a client read what it has written. */
export interface Sessions {
  /**
   * Resolves once the writes that the session made to an index (null: to any) have ended, and so show wherever the index is
   * read: a copy that has not applied an ended task serves no reads. After too long, with the uid of the last of them,
   * else with null.
   */
  settle(session: string, indexUid: string | null): Promise<number | null>;
}

/** What it is built from. */
export interface SessionsOptions {
  active: Pick<ActiveTasks, 'newestOf' | 'ended'>;
  timing: Timing;
  /** Milliseconds a read waits at most. */
  maxWaitMs: number;
}

/**
 * A session is nothing but its name in the tasks that it wrote. What has ended needs no waiting for, so unfinished tasks,
 * which survive a restart, are all that has to be remembered.
 */
export function createSessions({ active, timing, maxWaitMs }: SessionsOptions): Sessions {
  return {
    async settle(session, indexUid) {
      const uid = active.newestOf(session, indexUid);
      if (uid === null) return null;
      const late = timing.later(maxWaitMs).then(() => uid);
      return Promise.race([active.ended(uid).then(() => null), late]);
    },
  };
}
