import type { Parser } from '../../validation/cursor.ts';
import { isIndexUid } from '../../validation/index-uid.ts';
import { invalidValue } from '../../validation/messages.ts';
import { maybe, object, optional, required } from '../../validation/object.ts';
import { arrayOf, nullable, oneOf, refine, string } from '../../validation/values.ts';
import { actions } from './actions.ts';
import { readDay, readInstant } from './dates.ts';
import { page } from './page.ts';
import { readUuid } from './uuid.ts';

/** `GET /keys`. */
export const listKeys = page('invalid_api_key_offset', 'invalid_api_key_limit');

const uuid: Parser<string> = refine(string, (text, at) => {
  const read = readUuid(text);
  if (read.ok) return read.uuid;
  throw invalidValue(at, read.reason);
});

/** An index uid, or the beginning of one and a star. */
const indexPattern: Parser<string> = refine(string, (text, at) => {
  if (text === '*' || isIndexUid(text.replace(/\*$/, ''))) return text;
  throw invalidValue(
    at,
    `\`${text.replace(/\*$/, '')}\` is not a valid index uid pattern. Index uid patterns can be an integer or a string containing only alphanumeric characters, hyphens (-), underscores (_), and optionally end with a star (*).`,
  );
});

function readExpiry(text: string): string | null {
  const instant =
    readInstant(text) ?? (/^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}$/.test(text) ? readInstant(`${text}Z`) : null);
  if (instant !== null) return instant;
  const day = readDay(text);
  return day === null ? null : new Date(day).toISOString().replace('.000Z', 'Z');
}

/** An instant after `now` (milliseconds since the epoch). */
function expiry(now: () => number): Parser<string | null> {
  return nullable(
    refine(string, (text, at) => {
      const instant = readExpiry(text);
      if (instant !== null && Date.parse(instant) > now()) return instant;
      throw invalidValue(
        at,
        `\`${text}\` is not a valid date. It should follow the RFC 3339 format to represents a date or datetime in the future or specified as a null value. e.g. 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'.\n`,
      );
    }),
  );
}

/** `POST /keys`; `now` decides which dates are in the future. */
export function createKey(now: () => number) {
  return object({
    description: optional(nullable(string), 'invalid_api_key_description', null),
    name: optional(nullable(string), 'invalid_api_key_name', null),
    uid: optional(uuid, 'invalid_api_key_uid', null),
    actions: required(arrayOf(oneOf(actions)), 'invalid_api_key_actions', 'missing_api_key_actions'),
    indexes: required(arrayOf(indexPattern), 'invalid_api_key_indexes', 'missing_api_key_indexes'),
    expiresAt: required(expiry(now), 'invalid_api_key_expires_at', 'missing_api_key_expires_at'),
  });
}

/** `PATCH /keys/{uid or key}`. */
export const updateKey = object(
  {
    description: maybe(nullable(string), 'invalid_api_key_description'),
    name: maybe(nullable(string), 'invalid_api_key_name'),
  },
  {
    immutable: {
      uid: 'immutable_api_key_uid',
      actions: 'immutable_api_key_actions',
      indexes: 'immutable_api_key_indexes',
      expiresAt: 'immutable_api_key_expires_at',
      createdAt: 'immutable_api_key_created_at',
      updatedAt: 'immutable_api_key_updated_at',
    },
  },
);
