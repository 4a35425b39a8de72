import { ApiError } from '../errors/api-error.ts';
import type { TaskService } from '../http/services.ts';
import type { Caller } from '../keys/caller.ts';
import type { TaskRecord } from '../store/records.ts';
import type { Store, TaskFilter, TaskPage } from '../store/store.ts';
import type { Acceptance } from './acceptance.ts';
import { globalQueue } from './active.ts';
import type { ProgressReader } from './progress.ts';
import { batchView, taskView } from './view.ts';

/** What the task routes are built from. */
export interface TaskServiceOptions {
  store: Store;
  acceptance: Acceptance;
  progress: ProgressReader;
}

/** More tasks than this are never matched by one cancellation or deletion. */
const matchLimit = 100_000;

/** The task routes. */
export function createTaskService(options: TaskServiceOptions): TaskService {
  const { store, acceptance, progress } = options;

  const mayRead = (record: TaskRecord, caller: Caller): boolean =>
    record.indexUid === null ? caller.indexPatterns === null : caller.allowsIndex(record.indexUid);

  /** Task filters cut to the indexes the caller may see; null when that leaves nothing. */
  async function visibleTo<T extends TaskFilter>(filter: T, caller: Caller): Promise<T | null> {
    if (caller.indexPatterns === null) return filter;
    const named = filter.indexUids ?? (await store.taskIndexUids());
    const indexUids = named.filter((uid) => caller.allowsIndex(uid));
    return indexUids.length === 0 ? null : { ...filter, indexUids };
  }

  /** Batches of these tasks, in order; those under way with how far they are. */
  async function batchViews(tasks: readonly TaskRecord[]): Promise<string[]> {
    const known = await progress(tasks.filter((task) => task.finishedAt === null));
    return tasks.map((task) => batchView(task, known.get(task.uid)));
  }

  async function page(
    query: TaskPage,
    caller: Caller,
    views: (tasks: readonly TaskRecord[]) => string[] | Promise<string[]>,
  ): Promise<string> {
    const filter = await visibleTo(query, caller);
    const found = filter === null ? { records: [], next: null } : await store.tasks(filter);
    // Meilisearch counts what the filters match, whether the key may see it or not.
    const { total } = await store.tasks({ ...query, limit: 0 });
    const from = found.records[0]?.uid ?? null;
    const results = await views(found.records);
    return (
      `{"results":[${results.join(',')}],"total":${total},` +
      `"limit":${query.limit},"from":${from},"next":${found.next}}`
    );
  }

  /** All tasks that the filters match, whatever their status. */
  async function matching(filter: TaskFilter, caller: Caller): Promise<TaskRecord[]> {
    const visible = await visibleTo(filter, caller);
    return visible === null ? [] : (await store.tasks({ ...visible, limit: matchLimit })).records;
  }

  return {
    list: (query, caller) => page(query, caller, (tasks) => tasks.map(taskView)),
    async get(uid, caller) {
      const record = await store.task(uid);
      if (record === null || !mayRead(record, caller)) {
        throw new ApiError('task_not_found', `Task \`${uid}\` not found.`);
      }
      return taskView(record);
    },
    batches(query, caller) {
      const { batchUids, ...filter } = query;
      const uids =
        batchUids === undefined ? filter.uids : batchUids.filter((uid) => filter.uids?.includes(uid) ?? true);
      const started = filter.statuses ?? ['processing', 'succeeded', 'failed', 'canceled'];
      return page({ ...filter, uids, statuses: started }, caller, batchViews);
    },
    async batch(uid, caller) {
      const record = await store.task(uid);
      if (record === null || record.startedAt === null || !mayRead(record, caller)) {
        throw new ApiError('batch_not_found', `Batch \`${uid}\` not found.`);
      }
      return (await batchViews([record])).join();
    },
    cancel: (filter, originalFilter, caller) =>
      acceptance.accept(globalQueue, async () => {
        const matched = await matching(filter, caller);
        const uids = matched.filter((task) => task.phase !== 'ended').map((task) => task.uid);
        return {
          type: 'taskCancelation',
          indexUid: null,
          index: null,
          details: { matchedTasks: matched.length, canceledTasks: null, originalFilter },
          verdict: null,
          effect: { cancelTasks: uids },
          catalog: [],
          parts: [],
        };
      }),
    delete: (filter, originalFilter, caller) =>
      acceptance.accept(globalQueue, async () => {
        const matched = await matching(filter, caller);
        return {
          type: 'taskDeletion',
          indexUid: null,
          index: null,
          details: { matchedTasks: matched.length, deletedTasks: null, originalFilter },
          verdict: null,
          effect: { deleteTasks: matched.map((task) => task.uid) },
          catalog: [],
          parts: [],
        };
      }),
  };
}
