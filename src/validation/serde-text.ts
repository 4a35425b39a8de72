/**
 * Prints JSON the way Meilisearch's JSON library does: compact, keys in the order received, a repeated key once (the last
 * value in the first place), floats with their shortest digits. Error messages quote values in this form.
 */
import { elements, members, skipSpace } from '../json/scan.ts';

const U64_MAX = 18_446_744_073_709_551_615n;
const I64_MIN = -9_223_372_036_854_775_808n;

/** What a JSON number is once read: an integer that fits 64 bits, or a float. */
export type NumberKind = 'positive' | 'negative' | 'float';

/** Sorts the literal of a JSON number; `-0` and integers beyond 64 bits are floats. */
export function numberKind(literal: string): NumberKind {
  if (/[.eE]/.test(literal)) return 'float';
  if (literal.startsWith('-')) {
    const fits = literal.length < 19 || BigInt(literal) >= I64_MIN;
    return fits && Number(literal) !== 0 ? 'negative' : 'float';
  }
  return literal.length < 20 || BigInt(literal) <= U64_MAX ? 'positive' : 'float';
}

/** A float with its shortest digits: decimal up to sixteen places before the point, else with an exponent. */
export function printFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  const point = exponent + 1;
  if (point > 0 && point <= 16) {
    const whole = digits.slice(0, point).padEnd(point, '0');
    return `${sign}${whole}.${digits.slice(point) || '0'}`;
  }
  if (point > -5 && point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${mantissa}e${exponent}`;
}

function printNumber(literal: string): string {
  return numberKind(literal) === 'float' ? printFloat(Number(literal)) : literal;
}

function printString(raw: string): string {
  return raw.includes('\\') ? JSON.stringify(JSON.parse(raw)) : raw;
}

function printObject(raw: string): string {
  const fields = new Map<string, string>();
  for (const m of members(raw)) fields.set(m.key, raw.slice(m.valueStart, m.valueEnd));
  return `{${[...fields].map(([key, value]) => `${JSON.stringify(key)}:${printCompact(value)}`).join(',')}}`;
}

/** Valid JSON text, printed compactly. */
export function printCompact(raw: string): string {
  const text = raw.slice(skipSpace(raw, 0)).trimEnd();
  const first = text[0];
  if (first === '{') return printObject(text);
  if (first === '[') return `[${elements(text).map(printCompact).join(',')}]`;
  if (first === '"') return printString(text);
  if (first === 't' || first === 'f' || first === 'n') return text;
  return printNumber(text);
}
