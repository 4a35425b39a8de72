import { faultAt, type JsonSource } from '../json/fault.ts';
import { unexpected } from '../json/print.ts';
import { type Member, members, skipSpace } from '../json/scan.ts';
import { checkText } from '../json/validate.ts';

/** Reads the value of one field, or throws the `JsonFault` that says what is wrong with it. */
export type FieldReader<T> = (source: JsonSource, member: Member) => T;

/** The fields of an object: `required` ones must be there; others may be anything and are skipped. */
export type StructFields<T> = {
  readonly [K in keyof T]: { readonly read: FieldReader<T[K]>; readonly required: boolean };
};

/** The text of a member's value. */
export function valueText(source: JsonSource, member: Member): string {
  return source.text.slice(member.valueStart, member.valueEnd);
}

/** "invalid type" as serde_json words and places it: behind a scalar, before a list or an object. */
export function wrongType(source: JsonSource, member: Member, expected: string) {
  const text = valueText(source, member);
  const offset = /^[[{]/.test(text) ? member.valueStart : member.valueEnd;
  return faultAt(source, offset, `invalid type: ${unexpected(text)}, expected ${expected}`, 'data');
}

/**
 * Where serde_json places a fault that a value's own reader left without a position: behind the brace that closes the
 * object if it follows at once, else behind the value.
 */
export function faultAfterMember(source: JsonSource, member: Member, reason: string) {
  const next = skipSpace(source.text, member.valueEnd);
  return faultAt(source, source.text[next] === '}' ? next + 1 : next, reason, 'data');
}

/** A string. */
export const stringField: FieldReader<string> = (source, member) => {
  const text = valueText(source, member);
  if (!text.startsWith('"')) throw wrongType(source, member, 'a string');
  return JSON.parse(text) as string;
};

/** The field, or null when it is JSON null. */
export function orNull<T>(read: FieldReader<T>): FieldReader<T | null> {
  return (source, member) => (valueText(source, member) === 'null' ? null : read(source, member));
}

/**
 * Decode an object into a record as serde does in Meilisearch: unknown members are skipped, a repeated one is refused,
 * an absent optional one is undefined. Throws `JsonFault` with serde_json's own words and position.
 */
export function readStruct<T extends object>(source: JsonSource, name: string, fields: StructFields<T>): Partial<T> {
  checkText(source);
  const start = skipSpace(source.text, 0);
  const whole: Member = { key: '', keyStart: start, valueStart: start, valueEnd: source.text.trimEnd().length };
  if (source.text[start] !== '{') throw wrongType(source, whole, `struct ${name}`);
  const record: Partial<T> = {};
  for (const member of members(source.text, start)) {
    if (!Object.hasOwn(fields, member.key)) continue;
    const key = member.key as keyof T;
    if (Object.hasOwn(record, key)) {
      throw faultAt(source, member.keyStart + member.key.length + 2, `duplicate field \`${member.key}\``, 'data');
    }
    record[key] = fields[key].read(source, member);
  }
  for (const key of Object.keys(fields) as (keyof T & string)[]) {
    if (fields[key].required && !Object.hasOwn(record, key)) {
      throw faultAt(source, whole.valueEnd, `missing field \`${key}\``, 'data');
    }
  }
  return record;
}
