import { ApiError } from '../../errors/api-error.ts';
import { U32_MAX } from '../../validation/query-values.ts';

function uidOf(text: string): number | null {
  if (!/^\+?\d+$/.test(text)) return null;
  const value = Number(text);
  return value <= U32_MAX ? value : null;
}

/** A task uid in a path; throws `invalid_task_uids`. */
export function taskUid(text: string): number {
  const uid = uidOf(text);
  if (uid !== null) return uid;
  throw new ApiError(
    'invalid_task_uids',
    `Task uid \`${text}\` is invalid. It should only contain numeric characters.`,
  );
}

/** A batch uid in a path; throws `invalid_batch_uids`. */
export function batchUid(text: string): number {
  const uid = uidOf(text);
  if (uid !== null) return uid;
  throw new ApiError(
    'invalid_batch_uids',
    `Batch uid \`${text}\` is invalid. It should only contain numeric characters.`,
  );
}
