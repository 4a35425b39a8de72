import { createHash } from 'node:crypto';
import { ApiError } from '../errors/api-error.ts';

/** Longest value of `Idempotency-Key` and `X-Miroir-Session`, in characters. */
const longest = 255;

/** A header whose value is a name that the client chose; null when absent. Throws `miroir_invalid_header`. */
export function chosenName(header: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (value.length <= longest && /^[\x20-\x7e]+$/.test(value)) return value;
  throw new ApiError(
    'miroir_invalid_header',
    `The value of the \`${header}\` header is invalid: it must be 1 to ${longest} printable ASCII characters.`,
  );
}

/** What tells one request from another, as a short text. */
export function fingerprint(request: { method: string; url: string; caller: string; bodyHash: string }): string {
  const { method, url, caller, bodyHash } = request;
  return createHash('sha256')
    .update(JSON.stringify([method, url, caller, bodyHash]))
    .digest('base64url');
}
