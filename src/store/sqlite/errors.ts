import { ApiError } from '../../errors/api-error.ts';

/** What an operator should know and do, by the first words of SQLite's result code. */
const explanations: readonly (readonly [prefix: string, text: string])[] = [
  ['SQLITE_FULL', 'its disk is full; free some space'],
  ['SQLITE_BUSY', 'another process holds it locked; stop that process'],
  ['SQLITE_LOCKED', 'another process holds it locked; stop that process'],
  ['SQLITE_IOERR', 'reading or writing its file failed; check the disk and the system log'],
  ['SQLITE_READONLY', 'its file cannot be written; check its permissions and mount'],
  ['SQLITE_PERM', 'its file cannot be accessed; check its permissions'],
  ['SQLITE_CANTOPEN', 'its file cannot be opened; check the path and its permissions'],
  ['SQLITE_CORRUPT', 'its file is damaged; restore it from a backup'],
  ['SQLITE_NOTADB', 'its file is not an SQLite database; check the path'],
  ['SQLITE_NOMEM', 'memory ran out'],
];

/** Seconds that a refused client is told to wait. */
const retryAfter = '5';

/** A refusal of the store as clients see it; `reason` completes "The task store ... is unavailable: ". */
export function storeUnavailable(path: string, reason: string, cause?: unknown): ApiError {
  return new ApiError('miroir_store_unavailable', `The task store \`${path}\` is unavailable: ${reason}.`, {
    cause,
    headers: { 'retry-after': retryAfter },
  });
}

/** SQLite's symbolic result code of an error, or null when it does not come from SQLite. */
export function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return error.code.startsWith('SQLITE_') ? error.code : null;
}

/**
 * Turn what the driver threw into what the store throws: trouble with the file becomes `miroir_store_unavailable`;
 * anything else (a broken constraint, a bad value) is a defect of the caller and stays as it is.
 */
export function translateError(path: string, error: unknown): unknown {
  if (error instanceof ApiError) return error;
  const code = sqliteCode(error);
  if (code === null) return error;
  const known = explanations.find(([prefix]) => code.startsWith(prefix));
  return known === undefined ? error : storeUnavailable(path, `${known[1]} (${code})`, error);
}
