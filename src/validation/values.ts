/** Parsers of JSON values. Each throws Meilisearch's message for what it does not take. */
import type { ErrorCode } from '../errors/codes.ts';
import { type Cursor, child, type Parser, rawText } from './cursor.ts';
import { kindOf } from './kinds.ts';
import { invalidValue, unknownValue, wrongType } from './messages.ts';

/** Any value, as it is. */
export const any: Parser<unknown> = (at) => at.value;

/** A string. */
export const string: Parser<string> = (at) => {
  if (typeof at.value !== 'string') throw wrongType(at, ['string']);
  return at.value;
};

/** A boolean. */
export const boolean: Parser<boolean> = (at) => {
  if (typeof at.value !== 'boolean') throw wrongType(at, ['boolean']);
  return at.value;
};

/** A number, integer or not. */
export const number: Parser<number> = (at) => {
  if (typeof at.value !== 'number') throw wrongType(at, ['positive', 'negative', 'float']);
  return at.value;
};

/** A non-negative integer written without point or exponent; `max` (inclusive) for types narrower than 64 bits. */
export function integer(max = Number.POSITIVE_INFINITY): Parser<number> {
  return (at) => {
    const value = at.value;
    if (typeof value !== 'number' || kindOf(at) !== 'positive') throw wrongType(at, ['positive']);
    if (value > max) {
      const shown = rawText(at) ?? String(value);
      throw invalidValue(
        at,
        `value: \`${shown}\` is too large to be deserialized, maximum value authorized is \`${max}\``,
      );
    }
    return value;
  };
}

/** The value or null. An absent field is the object parser's business. */
export function nullable<T>(parse: Parser<T>): Parser<T | null> {
  return (at) => (at.value === null ? null : parse(at));
}

/** An array, element by element; the first wrong element is reported with its position. */
export function arrayOf<T>(parse: Parser<T>): Parser<T[]> {
  return (at) => {
    if (!Array.isArray(at.value)) throw wrongType(at, ['array']);
    return at.value.map((element: unknown, i) => parse(child(at, i, element)));
  };
}

/** One of a closed list of strings. */
export function oneOf<const W extends string>(words: readonly W[]): Parser<W> {
  const known = new Set<string>(words);
  return (at) => {
    const value = string(at);
    if (!known.has(value)) throw unknownValue(at, value, words);
    return value as W;
  };
}

/** Reads with `parse`, then checks or converts; `then` throws `invalidValue(at, reason)` for what it refuses. */
export function refine<T, U>(parse: Parser<T>, then: (value: T, at: Cursor) => U): Parser<U> {
  return (at) => then(parse(at), at);
}

/** Reads under another error code than the field's. */
export function withCode<T>(code: ErrorCode, parse: Parser<T>): Parser<T> {
  return (at) => parse({ ...at, code });
}
