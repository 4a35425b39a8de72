import type { Cursor } from '../../validation/cursor.ts';
import { invalidValue } from '../../validation/messages.ts';
import { refine, string } from '../../validation/values.ts';

const builtIn = new Set(['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness']);
const geoCall = /^(_geoRadius|_geoBoundingBox)(\(|$)/s;

function reserved(at: Cursor, name: string, use: string | null): Error {
  const text = `\`${name}\` is a reserved keyword and thus can't be used as a ranking rule`;
  return invalidValue(at, use === null ? text : `${text}. \`${name}\` can only be used for ${use} at search time`);
}

function checkField(field: string, at: Cursor): void {
  if (field === '_geoPoint' || /^_geoPoint\(.*\)$/s.test(field)) throw reserved(at, '_geoPoint', 'sorting');
  const filter = geoCall.exec(field)?.[1];
  if (filter !== undefined) throw reserved(at, filter, 'filtering');
  if (field === '_geo' || field === '_geoDistance') throw reserved(at, field, null);
}

/** One ranking rule: a built-in one, or `field:asc` and `field:desc` (the last colon counts). */
export const rankingRule = refine(string, (rule, at) => {
  if (builtIn.has(rule)) return rule;
  const field = /^(.*):(?:asc|desc)$/s.exec(rule)?.[1];
  if (field === undefined) {
    throw invalidValue(
      at,
      `\`${rule}\` ranking rule is invalid. Valid ranking rules are words, typo, sort, proximity, attribute, exactness and custom ranking rules.`,
    );
  }
  checkField(field, at);
  return rule;
});

/** The field that a rule sorts by, or null for a built-in one. */
export function ruleField(rule: string): string | null {
  return builtIn.has(rule) ? null : rule.slice(0, rule.lastIndexOf(':'));
}
