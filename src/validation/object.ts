import type { ErrorCode } from '../errors/codes.ts';
import { rawFields } from '../json/scan.ts';
import { type Cursor, child, type Parser, rawText } from './cursor.ts';
import { kindOf } from './kinds.ts';
import { immutableField, missingField, unknownField, wrongType } from './messages.ts';

/** One field of an object: how to read it and what its absence means. */
export interface Field<T> {
  readonly parse: Parser<T>;
  /** Code of every error in the field's value; the object's own code when absent. */
  readonly code: ErrorCode | undefined;
  readonly absent:
    | { readonly kind: 'error'; readonly code: ErrorCode | undefined }
    | { readonly kind: 'value'; readonly value: T }
    | { readonly kind: 'omit' };
}

/** A field that must be there; `missing` is the code when it is not (the object's own by default). */
export function required<T>(parse: Parser<T>, code?: ErrorCode, missing?: ErrorCode): Field<T> {
  return { parse, code, absent: { kind: 'error', code: missing } };
}

/** A field with a value for when it is absent. */
export function optional<T, D>(parse: Parser<T>, code: ErrorCode | undefined, fallback: D): Field<T | D> {
  return { parse, code, absent: { kind: 'value', value: fallback } };
}

/** A field that is left out of the result when it is absent, for changes that touch only what was sent. */
export function maybe<T>(parse: Parser<T>, code?: ErrorCode): Field<T | undefined> {
  return { parse, code, absent: { kind: 'omit' } };
}

/** The fields of an object, in the order in which messages list them. */
export type Fields = Record<string, Field<unknown>>;

/** What an object of these fields reads into. */
export type ObjectOf<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** What else an object may say about its keys. */
export interface ObjectOptions {
  /** Code of errors about the object itself (unknown or missing keys, wrong kind); the cursor's when absent. */
  code?: ErrorCode;
  /** Keys that exist but cannot be set, with the code of the refusal. */
  immutable?: Record<string, ErrorCode>;
  /** Keys that are accepted but not listed in messages. */
  unlisted?: readonly string[];
}

/** Keys in payload order: JavaScript moves keys that look like array positions to the front, the text does not. */
export function orderedKeys(at: Cursor): string[] {
  const keys = Object.keys(at.value as object);
  if (!keys.some((key) => /^\d+$/.test(key))) return keys;
  const raw = rawText(at);
  return raw === null ? keys : [...rawFields(raw).keys()];
}

/** What the fields that may be absent without an error then are. */
function fallbacksOf(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, { absent }]) => (absent.kind === 'value' ? [[key, absent.value]] : [])),
  );
}

/**
 * An object with a closed list of fields. Errors come in Meilisearch's order: the first wrong key or value in payload
 * order, then the first missing field in declaration order.
 */
export function object<F extends Fields>(fields: F, options: ObjectOptions = {}): Parser<ObjectOf<F>> {
  const known = new Map(Object.entries(fields));
  const listed = [...known.keys()].filter((key) => !options.unlisted?.includes(key));
  const immutable = new Map(Object.entries(options.immutable ?? {}));
  const fallbacks = fallbacksOf(fields);

  function readField(at: Cursor, key: string): unknown {
    const field = known.get(key);
    if (field !== undefined) {
      return field.parse(child(at, key, (at.value as Record<string, unknown>)[key], field.code));
    }
    const refusal = immutable.get(key);
    throw refusal === undefined ? unknownField(at, key, listed) : immutableField(at, key, listed, refusal);
  }

  return (outer) => {
    const at = options.code === undefined ? outer : { ...outer, code: options.code };
    if (kindOf(at) !== 'object') throw wrongType(at, ['object']);
    // filling in a copy of one object gives all results one shape, which makes them quick to read
    const read: Record<string, unknown> = { ...fallbacks };
    for (const key of orderedKeys(at)) read[key] = readField(at, key);
    for (const [key, { absent }] of known) {
      if (absent.kind === 'error' && !Object.hasOwn(read, key)) throw missingField(at, key, absent.code ?? at.code);
    }
    return read as ObjectOf<F>;
  };
}

/** An object with free keys, in payload order; the first wrong value is reported. */
export function mapOf<T>(parse: Parser<T>): Parser<Map<string, T>> {
  return (at) => {
    if (kindOf(at) !== 'object') throw wrongType(at, ['object']);
    const value = at.value as Record<string, unknown>;
    return new Map(orderedKeys(at).map((key) => [key, parse(child(at, key, value[key]))]));
  };
}
