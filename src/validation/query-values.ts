/** Parsers of query-string values: every value is text. Lists are separated by commas. */
import { type Cursor, child, type Parser } from './cursor.ts';
import { invalidValue } from './messages.ts';
import { string } from './values.ts';

const U64_MAX = 18_446_744_073_709_551_615n;
/** The largest 32-bit number, for uids of tasks. */
export const U32_MAX = 4_294_967_295;

function toInteger(text: string, max: bigint): number | null {
  if (!/^\+?\d+$/.test(text)) return null;
  const value = BigInt(text.replace('+', ''));
  return value <= max ? Number(value) : null;
}

/** A non-negative integer up to `max` (64 bits by default). */
export function integerText(max: number | bigint = U64_MAX): Parser<number> {
  const limit = BigInt(max);
  return (at) => {
    const text = string(at);
    const value = toInteger(text, limit);
    if (value === null) throw invalidValue(at, `could not parse \`${text}\` as a positive integer`);
    return value;
  };
}

/** `true` or `false`. */
export const booleanText: Parser<boolean> = (at) => {
  const text = string(at);
  if (text !== 'true' && text !== 'false') {
    throw invalidValue(at, `could not parse \`${text}\` as a boolean, expected either \`true\` or \`false\``);
  }
  return text === 'true';
};

/** A comma-separated list without its empty elements; messages show a position only when there are several. */
export function list<T>(parse: Parser<T>): Parser<T[]> {
  return (at: Cursor) => {
    const pieces = string(at)
      .split(',')
      .filter((piece) => piece !== '');
    if (pieces.length === 1) return [parse({ ...at, value: pieces[0] })];
    return pieces.map((piece, i) => parse(child(at, i, piece)));
  };
}

/** A comma-separated list in which `*` (anywhere) means no restriction, read as null. */
export function listOrStar<T>(parse: Parser<T>): Parser<T[] | null> {
  const elements = list<T | null>((at) => (at.value === '*' ? null : parse(at)));
  return (at) => {
    const read = elements(at);
    return read.includes(null) ? null : (read as T[]);
  };
}

/** A value, or `*` for no restriction, read as null. */
export function valueOrStar<T>(parse: Parser<T>): Parser<T | null> {
  return (at) => (at.value === '*' ? null : parse(at));
}
