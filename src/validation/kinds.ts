import { isInteger, printValue } from '../json/print.ts';
import { type Cursor, rawText } from './cursor.ts';

/** Kinds of value that messages tell apart, in the order in which messages list them. */
export const kinds = ['null', 'boolean', 'positive', 'negative', 'float', 'string', 'array', 'object'] as const;
export type Kind = (typeof kinds)[number];

const names: Record<Kind, string> = {
  null: 'null',
  boolean: 'a boolean',
  positive: 'a positive integer',
  negative: 'a negative integer',
  float: 'a number',
  string: 'a string',
  array: 'an array',
  object: 'an object',
};

/** The JSON text of the value, as a message quotes it. */
export function quoted(at: Cursor): string {
  const raw = rawText(at);
  return raw === null ? (JSON.stringify(at.value) ?? 'null') : printValue(raw);
}

const pointOrExponent = /\d[.eE]/;

/** Whether an integer is certainly written as one, because nothing in the whole text could be anything else. */
function isPlainInteger({ source }: Cursor, value: number): boolean {
  if (source.format !== 'json' || !Number.isSafeInteger(value) || Object.is(value, -0)) return false;
  return source.text === null || !pointOrExponent.test(source.text);
}

/** A number is an integer if it is written as one and fits 64 bits; the text decides, since `1.0` is a float. */
function numberKind(at: Cursor, value: number): Kind {
  const integral = isPlainInteger(at, value) || (Number.isInteger(value) && isInteger(rawText(at) ?? String(value)));
  if (!integral) return 'float';
  return value < 0 ? 'negative' : 'positive';
}

/** The kind of the value under the cursor. */
export function kindOf(at: Cursor): Kind {
  const { value } = at;
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? numberKind(at, value) : 'object';
}

/** The value as messages describe what was found: kind and text. */
export function describeFound(at: Cursor): string {
  const kind = kindOf(at);
  return kind === 'null' ? 'null' : `${names[kind]}: \`${quoted(at)}\``;
}

/** Folds integers and floats that are all accepted into one word. */
function mergeNumbers(accepted: readonly Kind[]): string[] {
  const sorted = kinds.filter((kind) => accepted.includes(kind));
  const merged = sorted.includes('float') ? sorted.filter((k) => k !== 'positive' && k !== 'negative') : sorted;
  const integer = merged.includes('positive') && merged.includes('negative');
  return merged
    .filter((kind) => !(integer && kind === 'negative'))
    .map((kind) => (integer && kind === 'positive' ? 'an integer' : names[kind]));
}

/** The accepted kinds as messages list them: `a string, an array, or an object`. */
export function describeAccepted(accepted: readonly Kind[]): string {
  const words = mergeNumbers(accepted);
  const last = words.at(-1) ?? 'a different value';
  if (words.length <= 1) return last;
  return `${words.slice(0, -1).join(', ')}${words.length === 2 ? ' or ' : ', or '}${last}`;
}
