import { joinFields, rawFields } from '../json/scan.ts';
import type { TaskRecord } from '../store/records.ts';
import type { Progress } from './progress.ts';

/** ISO 8601 duration of a number of milliseconds, as Meilisearch writes them (`PT0.005766S`). */
export function isoDuration(ms: number): string {
  return `PT${(ms / 1_000)
    .toFixed(9)
    .replace(/(\.\d*?[1-9])0+$/, '$1')
    .replace(/\.0+$/, '')}S`;
}

const batchUid = (task: TaskRecord): number | null => (task.startedAt === null ? null : task.uid);

function duration(task: TaskRecord): string | null {
  if (task.startedAt === null || task.finishedAt === null) return null;
  return isoDuration(Math.max(0, Date.parse(task.finishedAt) - Date.parse(task.startedAt)));
}

/** The task object of `GET /tasks/{uid}` as JSON text, in Meilisearch's field order (reference, 2.2). */
export function taskView(task: TaskRecord): string {
  const text = (value: unknown) => JSON.stringify(value);
  const details = task.details === null ? '' : `"details":${task.details},`;
  return (
    `{"uid":${task.uid},"batchUid":${text(batchUid(task))},"indexUid":${text(task.indexUid)},` +
    `"status":${text(task.status)},"type":${text(task.type)},"canceledBy":${text(task.canceledBy)},${details}` +
    `"error":${task.error ?? 'null'},"duration":${text(duration(task))},"enqueuedAt":${text(task.enqueuedAt)},` +
    `"startedAt":${text(task.startedAt)},"finishedAt":${text(task.finishedAt)}}`
  );
}

/** What a task says is null where there was none, and a batch leaves out. */
const leftOut: readonly string[] = ['primaryKey', 'originalFilter', 'context'];

/** What a batch says of its task. */
function batchDetails(task: TaskRecord): string {
  const kept = [...rawFields(task.details ?? '{}')].filter(
    ([key, value]) => value !== 'null' || !leftOut.includes(key),
  );
  return joinFields(kept);
}

const justStarted: Progress = { steps: [], percentage: 0 };

/** The batch object: Miroir serves one batch per task, so its uid is the task's. `progress` counts while it runs. */
export function batchView(task: TaskRecord, progress: Progress | undefined): string {
  const count = (key: string | null) => (key === null ? {} : { [key]: 1 });
  const stats = {
    totalNbTasks: 1,
    status: count(task.status),
    types: count(task.type),
    indexUids: count(task.indexUid),
    progressTrace: {},
  };
  const strategy = `created batch containing only task with id ${task.uid} of type \`${task.type}\` that cannot be batched with any other task.`;
  const shown = task.finishedAt === null ? (progress ?? justStarted) : null;
  return (
    `{"uid":${task.uid},"progress":${JSON.stringify(shown)},"details":${batchDetails(task)},` +
    `"stats":${JSON.stringify(stats)},"duration":${JSON.stringify(duration(task))},` +
    `"startedAt":${JSON.stringify(task.startedAt)},"finishedAt":${JSON.stringify(task.finishedAt)},` +
    `"batchStrategy":${JSON.stringify(strategy)}}`
  );
}
