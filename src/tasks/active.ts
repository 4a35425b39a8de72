import type { PartRecord, TaskRecord } from '../store/records.ts';
import { type Effect, readEffect } from './effect.ts';

/** A task that has not ended, with what is known of its node tasks. Mutated only by the registry. */
export interface ActiveTask {
  record: TaskRecord;
  parts: PartRecord[];
  effect: Effect;
  /** Uid of the cancellation that asked for its end. */
  cancelledBy: number | null;
}

/** Tasks of one index end in the order they were accepted; global tasks have a queue of their own. */
export const globalQueue = '*';

/** The queue a task belongs to. */
export function queueOf(record: TaskRecord): string {
  return record.indexUid ?? globalQueue;
}

/** The unfinished tasks of this process, by uid and by index, in order of acceptance. */
export interface ActiveTasks {
  add(record: TaskRecord, parts: PartRecord[]): ActiveTask;
  get(uid: number): ActiveTask | undefined;
  all(): IterableIterator<ActiveTask>;
  /** The oldest task of a queue, which is the only one that may end. */
  head(queue: string): ActiveTask | undefined;
  queues(): string[];
  remove(uid: number): void;
  /** Resolves once the queue is empty of tasks accepted before the call; false when that took longer than allowed. */
  drained(queue: string, timeoutMs: number): Promise<boolean>;
  readonly size: number;
}

/** An empty set of active tasks. */
export function createActiveTasks(): ActiveTasks {
  const byUid = new Map<number, ActiveTask>();
  const byQueue = new Map<string, number[]>();
  const waiters = new Map<number, (() => void)[]>();

  return {
    add(record, parts) {
      const task: ActiveTask = { record, parts, effect: readEffect(record.effect), cancelledBy: null };
      byUid.set(record.uid, task);
      const queue = byQueue.get(queueOf(record)) ?? [];
      queue.push(record.uid);
      byQueue.set(queueOf(record), queue);
      return task;
    },
    get: (uid) => byUid.get(uid),
    all: () => byUid.values(),
    head(queue) {
      const uid = byQueue.get(queue)?.[0];
      return uid === undefined ? undefined : byUid.get(uid);
    },
    queues: () => [...byQueue.keys()],
    remove(uid) {
      const task = byUid.get(uid);
      if (task === undefined) return;
      byUid.delete(uid);
      const key = queueOf(task.record);
      const rest = (byQueue.get(key) ?? []).filter((other) => other !== uid);
      if (rest.length === 0) byQueue.delete(key);
      else byQueue.set(key, rest);
      for (const wake of waiters.get(uid) ?? []) wake();
      waiters.delete(uid);
    },
    async drained(queue, timeoutMs) {
      const last = byQueue.get(queue)?.at(-1);
      if (last === undefined) return true;
      let timer: NodeJS.Timeout | undefined;
      const ended = new Promise<boolean>((resolve) => {
        waiters.set(last, [...(waiters.get(last) ?? []), () => resolve(true)]);
        timer = setTimeout(() => resolve(false), timeoutMs);
      });
      const result = await ended;
      clearTimeout(timer);
      return result;
    },
    get size() {
      return byUid.size;
    },
  };
}
