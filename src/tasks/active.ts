import type { PartRecord, TaskRecord } from '../store/records.ts';
import { type Effect, readEffect } from './effect.ts';

/** Ids of documents by shard; null when it is not known which. */
export type Touched = ReadonlyMap<number, readonly string[]> | null;

/** A task that has not ended, with what is known of its node tasks. Mutated only by the registry. */
export interface ActiveTask {
  record: TaskRecord;
  parts: PartRecord[];
  effect: Effect;
  /** Where it waits for its turn: it may end once it is the oldest in each of them. */
  queues: readonly string[];
  /** Uid of the cancellation that asked for its end. */
  cancelledBy: number | null;
  /** The documents that it writes; null also when the process has stopped since. */
  touched: Touched;
}

/** Tasks of one index end in the order they were accepted; global tasks have a queue of their own. */
export const globalQueue = '*';

/** The queue of jobs; its name can be no index's. */
export const jobQueue = (name: string) => `*${name}`;

/** The queues a task stands in: its job's, its index's, those of all indexes it renames, else the one of global tasks. */
export function queuesOf(record: TaskRecord, effect: Effect): string[] {
  if (effect.job !== undefined) return [jobQueue(effect.job.queue)];
  const names = (effect.names ?? []).flatMap(({ from, to }) => [from, to]);
  if (record.indexUid !== null) names.push(record.indexUid);
  return names.length === 0 ? [globalQueue] : [...new Set(names)].sort();
}

/** The changes of an index's settings that were accepted after a task and have not ended, in order. */
export function laterSettings(active: Pick<ActiveTasks, 'all'>, { record }: ActiveTask): Record<string, unknown>[] {
  const later = [...active.all()].filter(
    (task) => task.record.indexId === record.indexId && task.record.uid > record.uid,
  );
  return later.flatMap(({ effect }) => (effect.settings === undefined ? [] : [effect.settings]));
}

/** The unfinished tasks of this process, by uid and by index, in order of acceptance. */
export interface ActiveTasks {
  add(record: TaskRecord, parts: PartRecord[], touched?: Touched): ActiveTask;
  get(uid: number): ActiveTask | undefined;
  all(): IterableIterator<ActiveTask>;
  /** The oldest task of a queue. */
  head(queue: string): ActiveTask | undefined;
  /** Whether it is the oldest in all its queues, so that it may end. */
  isNext(task: ActiveTask): boolean;
  queues(): string[];
  remove(uid: number): void;
  /** Resolves once the task is not active any more. */
  ended(uid: number): Promise<void>;
  /** The uid of the newest task that a session wrote to a queue, or to any when that is null; null when none is active. */
  newestOf(session: string, queue: string | null): number | null;
  /** Resolves once the queue is empty of tasks accepted before the call; false when that took longer than allowed. */
  drained(queue: string, timeoutMs: number): Promise<boolean>;
  readonly size: number;
}

/** An empty set of active tasks. */
export function createActiveTasks(): ActiveTasks {
  const byUid = new Map<number, ActiveTask>();
  const byQueue = new Map<string, number[]>();
  /** By uid, what those who wait for a task's end wait on. */
  const ends = new Map<number, { promise: Promise<void>; resolve(): void }>();

  function ended(uid: number): Promise<void> {
    if (!byUid.has(uid)) return Promise.resolve();
    const known = ends.get(uid);
    if (known !== undefined) return known.promise;
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    ends.set(uid, { promise, resolve });
    return promise;
  }

  return {
    add(record, parts, touched = null) {
      const effect = readEffect(record.effect);
      const task: ActiveTask = { record, parts, effect, queues: queuesOf(record, effect), cancelledBy: null, touched };
      byUid.set(record.uid, task);
      for (const name of task.queues) {
        const queue = byQueue.get(name);
        if (queue === undefined) byQueue.set(name, [record.uid]);
        else queue.push(record.uid);
      }
      return task;
    },
    get: (uid) => byUid.get(uid),
    all: () => byUid.values(),
    head(queue) {
      const uid = byQueue.get(queue)?.[0];
      return uid === undefined ? undefined : byUid.get(uid);
    },
    isNext: (task) => task.queues.every((queue) => byQueue.get(queue)?.[0] === task.record.uid),
    queues: () => [...byQueue.keys()],
    remove(uid) {
      const task = byUid.get(uid);
      if (task === undefined) return;
      byUid.delete(uid);
      for (const name of task.queues) {
        const rest = (byQueue.get(name) ?? []).filter((other) => other !== uid);
        if (rest.length === 0) byQueue.delete(name);
        else byQueue.set(name, rest);
      }
      ends.get(uid)?.resolve();
      ends.delete(uid);
    },
    ended,
    newestOf(session, queue) {
      const uids = queue === null ? [...byUid.keys()] : (byQueue.get(queue) ?? []);
      return uids.findLast((uid) => byUid.get(uid)?.effect.session === session) ?? null;
    },
    async drained(queue, timeoutMs) {
      const last = byQueue.get(queue)?.at(-1);
      if (last === undefined) return true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), timeoutMs);
      });
      const result = await Promise.race([ended(last).then(() => true), late]);
      clearTimeout(timer);
      return result;
    },
    get size() {
      return byUid.size;
    },
  };
}
