import type { Cursor, Parser } from '../../validation/cursor.ts';
import { isIndexUid } from '../../validation/index-uid.ts';
import { kindOf } from '../../validation/kinds.ts';
import { invalidValue, wrongType } from '../../validation/messages.ts';
import { mapOf, object, optional, orderedKeys } from '../../validation/object.ts';
import { any, boolean, nullable, string } from '../../validation/values.ts';

const powers: readonly string[] = ['', 'k', 'm', 'g', 't', 'p', 'e'];
/** Number, power, whether powers of 1,024 are meant, and `b` for bits or `B` for bytes. */
const size = /^(\d*(?:\.\d*)?)\s*(?:([kmgtpe])(i?))?(b?)/i;
/** Sizes from here on are refused, in bytes. */
const tooLarge = 2 ** 64;

/** Why a text is no size, in Meilisearch's words; `rest` is what could not be read. */
function sizeProblem(text: string, [, number = '', power, , unit]: RegExpExecArray, rest: string): string | null {
  if (text === '') return 'no value can be found';
  if (!/^\d+(\.\d+)?$/.test(number)) {
    const wrong = /^\d/.test(number) ? text.charAt(number.length) || '.' : text.charAt(0);
    return `the character '${wrong}' is not a number`;
  }
  if (rest === '') return null;
  const afterPower =
    power === undefined ? "'B', 'K', 'M', 'G', 'T', 'P', 'E' or no character" : "'B', 'b' or no character";
  return `the character '${rest.charAt(0)}' is incorrect (${unit === '' ? afterPower : "'i'"} or no character is expected)`;
}

function sizeOf(at: Cursor, given: string): number {
  const text = given.trim();
  const match = size.exec(text) as RegExpExecArray;
  const problem = sizeProblem(text, match, text.slice(match[0].length));
  if (problem !== null) throw invalidValue(at, problem);
  const [, number, power = '', binary, unit] = match;
  const factor = (binary ? 1_024 : 1_000) ** powers.indexOf(power.toLowerCase());
  const bytes = (Number(number) * factor) / (unit === 'b' ? 8 : 1);
  if (bytes >= tooLarge) throw invalidValue(at, `the value ${number} exceeds the valid range`);
  return Math.ceil(bytes);
}

/** A number of bytes, or a text like `50 MiB`. */
const payloadSize: Parser<number> = (at) => {
  if (typeof at.value === 'string') return sizeOf(at, at.value);
  if (typeof at.value === 'number' && Number.isInteger(at.value) && at.value >= 0) return at.value;
  throw wrongType(at, ['positive', 'string']);
};

const indexPattern = object(
  {
    filter: optional(any, 'invalid_export_index_filter', null),
    overrideSettings: optional(boolean, 'invalid_export_index_override_settings', false),
  },
  { code: 'bad_request' },
);

const isPattern = (key: string) => key === '*' || isIndexUid(key.endsWith('*') ? key.slice(0, -1) : key);

const patterns: Parser<Map<string, { filter: unknown; overrideSettings: boolean }>> = (at) => {
  const wrong = kindOf(at) === 'object' ? orderedKeys(at).find((key) => !isPattern(key)) : undefined;
  if (wrong === undefined) return mapOf(indexPattern)(at);
  const type = 'meilisearch_types::index_uid_pattern::IndexUidPattern';
  throw invalidValue(at, `the key ${JSON.stringify(wrong)} could not be deserialized into the key type \`${type}\``);
};

/** `POST /export` */
export const exportBody = object({
  url: optional(string, 'invalid_export_url', ''),
  apiKey: optional(nullable(string), 'invalid_export_api_key', null),
  payloadSize: optional(nullable(payloadSize), 'invalid_export_payload_size', null),
  indexes: optional(nullable(patterns), 'bad_request', null),
});
