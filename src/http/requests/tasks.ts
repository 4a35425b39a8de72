import { ApiError } from '../../errors/api-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import type { TaskStatus } from '../../store/records.ts';
import type { DateRange, TaskFilter, TaskPage } from '../../store/store.ts';
import type { Parser } from '../../validation/cursor.ts';
import { indexUid } from '../../validation/index-uid.ts';
import { invalidValue } from '../../validation/messages.ts';
import { object, optional } from '../../validation/object.ts';
import { booleanText, integerText, listOrStar, U32_MAX, valueOrStar } from '../../validation/query-values.ts';
import { refine, string } from '../../validation/values.ts';
import { nextDay, readDay, readInstant } from './dates.ts';

const statuses: readonly TaskStatus[] = ['enqueued', 'processing', 'succeeded', 'failed', 'canceled'];

/** Task types, in the order in which messages list them. */
export const taskTypes = [
  'documentAdditionOrUpdate',
  'documentEdition',
  'documentDeletion',
  'settingsUpdate',
  'indexCreation',
  'indexDeletion',
  'indexUpdate',
  'indexSwap',
  'taskCancelation',
  'taskDeletion',
  'dumpCreation',
  'snapshotCreation',
  'export',
  'upgradeDatabase',
] as const;

const DEFAULT_LIMIT = 20;
const LATEST = '9999-12-31T23:59:59.999999999Z';

/** A word of a closed list, in any case. */
function word<W extends string>(words: readonly W[], what: string, plural: string): Parser<W> {
  const known = new Map(words.map((each) => [each.toLowerCase(), each]));
  return refine(string, (text, at) => {
    const found = known.get(text.toLowerCase());
    if (found !== undefined) return found;
    const available = words.map((each) => `\`${each}\``).join(', ');
    throw invalidValue(at, `\`${text}\` is not a valid task ${what}. Available ${plural} are ${available}.`);
  });
}

/** Instants before 1970 count as later than all others, as the real server compares them. */
function spell(milliseconds: number): string {
  return milliseconds < 0 ? LATEST : new Date(milliseconds).toISOString();
}

/** The end of a range. A day stands for its midnight in `before…`, for the next midnight in `after…`. */
function bound(side: 'after' | 'before'): Parser<string | null> {
  return valueOrStar(
    refine(string, (text, at) => {
      const day = readDay(text);
      if (day !== null) return spell(side === 'after' ? nextDay(day) : day);
      const instant = readInstant(text);
      if (instant !== null) return Date.parse(instant) < 0 ? LATEST : instant;
      throw invalidValue(
        at,
        `\`${text}\` is an invalid date-time. It should follow the YYYY-MM-DD or RFC 3339 date-time format.`,
      );
    }),
  );
}

const date = (side: 'after' | 'before', code: ErrorCode) => optional(bound(side), code, null);
const uids = listOrStar(integerText(U32_MAX));

const filterFields = {
  batchUids: optional(uids, 'invalid_batch_uids', null),
  uids: optional(uids, 'invalid_task_uids', null),
  canceledBy: optional(uids, 'invalid_task_canceled_by', null),
  types: optional(listOrStar(word(taskTypes, 'type', 'types')), 'invalid_task_types', null),
  statuses: optional(listOrStar(word(statuses, 'status', 'statuses')), 'invalid_task_statuses', null),
  indexUids: optional(listOrStar(indexUid), 'invalid_index_uid', null),
  afterEnqueuedAt: date('after', 'invalid_task_after_enqueued_at'),
  beforeEnqueuedAt: date('before', 'invalid_task_before_enqueued_at'),
  afterStartedAt: date('after', 'invalid_task_after_started_at'),
  beforeStartedAt: date('before', 'invalid_task_before_started_at'),
  afterFinishedAt: date('after', 'invalid_task_after_finished_at'),
  beforeFinishedAt: date('before', 'invalid_task_before_finished_at'),
} as const;

const { batchUids, uids: uidsField, ...otherFilters } = filterFields;

const listing = object({
  limit: optional(integerText(U32_MAX), 'invalid_task_limit', DEFAULT_LIMIT),
  from: optional(integerText(U32_MAX), 'invalid_task_from', null),
  reverse: optional(booleanText, 'invalid_task_reverse', false),
  ...filterFields,
});

const filters = object({ uids: uidsField, batchUids, ...otherFilters });

type Filters = ReturnType<typeof filters>;

function range(after: string | null, before: string | null): DateRange | undefined {
  if (after === null && before === null) return undefined;
  return { ...(after === null ? {} : { after }), ...(before === null ? {} : { before }) };
}

/** Leaves out what does not restrict. */
function compact<T extends object>(value: { [K in keyof T]: T[K] | null | undefined }): T {
  const kept = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(kept) as T;
}

/** A filter of tasks with the batches they belong to. */
export type BatchedFilter = TaskFilter & { batchUids?: number[] };

function toFilter(parsed: Filters): BatchedFilter {
  return compact<BatchedFilter>({
    batchUids: parsed.batchUids,
    uids: parsed.uids,
    canceledBy: parsed.canceledBy,
    types: parsed.types,
    statuses: parsed.statuses,
    indexUids: parsed.indexUids,
    enqueuedAt: range(parsed.afterEnqueuedAt, parsed.beforeEnqueuedAt),
    startedAt: range(parsed.afterStartedAt, parsed.beforeStartedAt),
    finishedAt: range(parsed.afterFinishedAt, parsed.beforeFinishedAt),
  });
}

/** `GET /tasks` and `GET /batches`. */
export const listTasks: Parser<TaskPage & { batchUids?: number[] }> = refine(listing, (parsed) => ({
  ...toFilter(parsed),
  limit: parsed.limit,
  ...(parsed.from === null ? {} : { from: parsed.from }),
  reverse: parsed.reverse,
}));

/** `POST /tasks/cancel` and `DELETE /tasks`: at least one parameter must be there, even if it restricts nothing. */
export function taskFilter(verb: 'cancel' | 'delete'): Parser<BatchedFilter> {
  return refine(filters, (parsed, at) => {
    if (Object.keys(at.value as object).length > 0) return toFilter(parsed);
    throw new ApiError(
      'missing_task_filters',
      `Query parameters to filter the tasks to ${verb} are missing. Available query parameters are: \`uids\`, \`indexUids\`, \`statuses\`, \`types\`, \`canceledBy\`, \`beforeEnqueuedAt\`, \`afterEnqueuedAt\`, \`beforeStartedAt\`, \`afterStartedAt\`, \`beforeFinishedAt\`, \`afterFinishedAt\`.`,
    );
  });
}
