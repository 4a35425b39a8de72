import type { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer, TaskSummary, WriteAnswer } from './services.ts';

/** What a route answers; the server adds CORS, compression and the request id. */
export interface Answer {
  readonly status: number;
  /** Absent: an empty body. */
  readonly body?: string | Buffer;
  /** Of the body; JSON when absent. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A JSON text with status 200 (or another). */
export function json(body: string, status = 200): Answer {
  return { status, body };
}

/** A status with an empty body. */
export function empty(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers };
}

/** The header of an answer that does not have all it should: shards missing, or a write of the session that is not done. */
function degradedHeader(missingShards: readonly number[], pendingTask: number | null): Record<string, string> {
  const lacks = [
    ...(missingShards.length > 0 ? [`shards=${missingShards.join(',')}`] : []),
    ...(pendingTask === null ? [] : [`task=${pendingTask}`]),
  ];
  return lacks.length === 0 ? {} : { 'x-miroir-degraded': lacks.join(';') };
}

/**
 * A read's answer with the headers that tell what is missing and how fresh it is. `pendingTask`: what the session has
 * written and does not show yet.
 */
export function read(answer: ReadAnswer<string | Buffer>, pendingTask: number | null = null): Answer {
  const headers = degradedHeader(answer.missingShards, pendingTask);
  if (answer.settingsVersion !== undefined) headers['x-miroir-settings-version'] = String(answer.settingsVersion);
  return { status: 200, body: answer.json, headers };
}

/** A JSON text as `json` gives it, for what a session reads. */
export function sessionJson(body: string, pendingTask: number | null): Answer {
  return { status: 200, body, headers: degradedHeader([], pendingTask) };
}

function summaryText({ taskUid, indexUid, status, type, enqueuedAt }: TaskSummary): string {
  return JSON.stringify({ taskUid, indexUid, status, type, enqueuedAt });
}

/** An accepted write: 202, except where Meilisearch answers 200 (cancelling and deleting tasks). */
export function accepted(answer: WriteAnswer, status = 202): Answer {
  const { degraded, replayed } = answer;
  const headers: Record<string, string> =
    degraded === null
      ? {}
      : { 'x-miroir-degraded': `groups=${degraded.groups.join(',')};shards=${degraded.shards.join(',')}` };
  if (replayed === true) headers['x-miroir-replayed'] = 'true';
  return { status, body: summaryText(answer.summary), headers };
}

/** An error as clients see it. */
export function failure(error: ApiError): Answer {
  return { status: error.status, body: JSON.stringify(error.toBody()), headers: error.headers };
}
