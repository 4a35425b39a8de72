import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { WriteAnswer } from '../http/services.ts';
import type { Store } from '../store/store.ts';
import type { ActiveTasks } from '../tasks/active.ts';

/** What following tasks is built from. */
export interface TaskWatchOptions {
  store: Pick<Store, 'task'>;
  active: Pick<ActiveTasks, 'get'>;
  /** Milliseconds before the second attempt of a write that could not be taken; doubles up to `longestPause`. */
  firstPauseMs?: number;
}

const pollMs = 20;
const longestPauseMs = 30_000;
const maxAttempts = 24;

/** Sends writes as a patient client would. */
export interface TaskWatch {
  /** Send a write, again and again while the cluster cannot take it (503), and return its task's uid. */
  send(write: () => Promise<WriteAnswer>, signal: AbortSignal): Promise<number>;
  /** Wait until a task has ended; throws its error when it did not succeed. */
  ended(taskUid: number, signal: AbortSignal): Promise<void>;
}

/** A patient client inside of Miroir. */
export function createTaskWatch(options: TaskWatchOptions): TaskWatch {
  return {
    async send(write, signal) {
      let pause = options.firstPauseMs ?? 500;
      for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted();
        try {
          return (await write()).summary.taskUid;
        } catch (error) {
          const passing = error instanceof ApiError && error.status === 503;
          if (!passing || attempt === maxAttempts) throw error;
        }
        await sleep(pause, undefined, { signal });
        pause = Math.min(2 * pause, longestPauseMs);
      }
    },
    async ended(taskUid, signal) {
      while (options.active.get(taskUid) !== undefined) await sleep(pollMs, undefined, { signal });
      const task = await options.store.task(taskUid);
      if (task === null || task.status === 'succeeded') return;
      if (task.status === 'canceled') {
        throw new ApiError('miroir_import_stopped', `Task ${taskUid}, which is part of the import, was canceled.`);
      }
      const error = JSON.parse(task.error ?? '{}') as Partial<ErrorBody>;
      const code = (error.code ?? 'internal') as ErrorCode;
      throw new ApiError(
        code,
        `Task ${taskUid}, which is part of the import, failed: ${error.message ?? 'no reason known'}`,
      );
    },
  };
}
