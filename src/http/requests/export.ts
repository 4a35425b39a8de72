import type { Cursor, Parser } from '../../validation/cursor.ts';
import { isIndexUid } from '../../validation/index-uid.ts';
import { kindOf } from '../../validation/kinds.ts';
import { invalidValue, wrongType } from '../../validation/messages.ts';
import { mapOf, object, optional, orderedKeys } from '../../validation/object.ts';
import { any, boolean, nullable, string } from '../../validation/values.ts';

const powers: readonly string[] = ['', 'k', 'm', 'g', 't', 'p', 'e'];
const quantity = /^\s*(?<number>\d+(?:\.\d+)?)\s*(?<power>[kmgtpe]?)(?<binary>i?)b?\s*$/i;
/** The largest size that Meilisearch reads, in bytes. */
const largest = 2 ** 64;

/** Why a text is no size, in Meilisearch's words. */
function sizeProblem(text: string): string {
  const rest = text.trim();
  if (rest === '') return 'no value can be found';
  const unit = rest.replace(/^\d+(?:\.\d+)?\s*/, '');
  if (unit === rest) return `the character '${rest.charAt(0)}' is not a number`;
  const wrong = /^[kmgtpe]/i.test(unit) ? unit.slice(1) : unit;
  return `the character '${wrong.charAt(0)}' is incorrect ('B', 'K', 'M', 'G', 'T', 'P', 'E' or no character or no character is expected)`;
}

function sizeOf(at: Cursor, text: string): number {
  const { number = '', power = '', binary = '' } = quantity.exec(text)?.groups ?? {};
  if (number === '') throw invalidValue(at, sizeProblem(text));
  const bytes = Number(number) * (binary === '' ? 1_000 : 1_024) ** powers.indexOf(power.toLowerCase());
  if (bytes >= largest) throw invalidValue(at, `the value ${number} exceeds the valid range`);
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
