import { ApiError } from '../errors/api-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { Cursor } from './cursor.ts';
import { didYouMean } from './did-you-mean.ts';
import { describeAccepted, describeFound, type Kind } from './kinds.ts';

/** `.queries[1].limit` in a JSON body, `uids[1]` in a query string. */
function place(at: Cursor): string {
  const dotted = at.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return at.source.format === 'json' ? dotted : dotted.replace(/^\./, '');
}

/** `" at `.limit`"`, or nothing at the root; `jsonWord` is the preposition in a JSON body, `queryWords` in a query string. */
function located(at: Cursor, jsonWord: string, queryWords: string): string {
  if (at.path.length === 0) return '';
  return ` ${at.source.format === 'json' ? jsonWord : queryWords} \`${place(at)}\``;
}

const list = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ');

/** The value is of another kind than the field takes. */
export function wrongType(at: Cursor, accepted: readonly Kind[]): ApiError {
  const where = located(at, 'at', 'for parameter');
  return new ApiError(
    at.code,
    `Invalid value type${where}: expected ${describeAccepted(accepted)}, but found ${describeFound(at)}`,
  );
}

/** The value has the right kind and is still not acceptable; `reason` ends the message. */
export function invalidValue(at: Cursor, reason: string, code: ErrorCode = at.code): ApiError {
  return new ApiError(code, `Invalid value${located(at, 'at', 'in parameter')}: ${reason}`);
}

/** A string outside a closed list. */
export function unknownValue(at: Cursor, value: string, accepted: readonly string[]): ApiError {
  const where = located(at, 'at', 'for parameter');
  return new ApiError(
    at.code,
    `Unknown value \`${value}\`${where}: ${didYouMean(value, accepted)}expected one of ${list(accepted)}`,
  );
}

/** A key that the object does not take; `at` is the object. */
export function unknownField(at: Cursor, key: string, accepted: readonly string[]): ApiError {
  const what = at.source.format === 'json' ? 'field' : 'parameter';
  const where = located(at, 'inside', 'inside');
  return new ApiError(
    at.code,
    `Unknown ${what} \`${key}\`${where}: ${didYouMean(key, accepted)}expected one of ${list(accepted)}`,
  );
}

/** A key that exists but can never be changed. */
export function immutableField(at: Cursor, key: string, accepted: readonly string[], code: ErrorCode): ApiError {
  return new ApiError(
    code,
    `Immutable field \`${key}\`${located(at, 'inside', 'inside')}: expected one of ${list(accepted)}`,
  );
}

/** A required key that is absent; `at` is the object. */
export function missingField(at: Cursor, key: string, code: ErrorCode): ApiError {
  const what = at.source.format === 'json' ? 'field' : 'parameter';
  return new ApiError(code, `Missing ${what} \`${key}\`${located(at, 'inside', 'inside')}`);
}
