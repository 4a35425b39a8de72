import { elements, members, skipSpace } from './scan.ts';

/** A double as serde_json writes it (always with a point or an exponent), for example `100.0` and `1.5e-7`. */
export function printDouble(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  /** Digits before the decimal point. */
  const point = Number(power) + 1;
  if (point > 16 || point <= -5) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return `${sign}${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A double as Rust's `{}` writes it: all digits, no exponent, no point when it is whole. */
export function displayDouble(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(power) + 1;
  const sign = value < 0 ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return `${sign}${digits.padEnd(point, '0')}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const maxUnsigned = 2n ** 64n - 1n;
const minSigned = -(2n ** 63n);

/** Whether a number's text is an integer to serde_json: no point, no exponent, within -2^63 to 2^64 - 1, not `-0`. */
export function isInteger(text: string): boolean {
  if (!/^-?[0-9]+$/.test(text) || text === '-0') return false;
  if (text.length < 19) return true;
  const value = BigInt(text);
  return value >= minSigned && value <= maxUnsigned;
}

function printObject(text: string): string {
  const fields = new Map<string, string>();
  for (const m of members(text)) fields.set(m.key, printValue(text.slice(m.valueStart, m.valueEnd)));
  return `{${[...fields].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** A value's text as serde_json prints the value once decoded: compact, escapes and numbers in its own form. */
export function printValue(text: string): string {
  const start = skipSpace(text, 0);
  const c = text.charCodeAt(start);
  if (c === 0x7b) return printObject(text);
  if (c === 0x5b) return `[${elements(text).map(printValue).join(',')}]`;
  if (c === 0x22) return JSON.stringify(JSON.parse(text));
  const scalar = text.trim();
  if (c !== 0x2d && !(c >= 0x30 && c <= 0x39)) return scalar;
  return isInteger(scalar) ? scalar : printDouble(Number(scalar));
}

/** Characters that Rust's `{:?}` writes as `\u{..}`: those that do not print, and those that join the one before. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Zs}\p{Grapheme_Extend}]/u;
const shortEscapes: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
};

/** A string as Rust's `{:?}` writes it, which Meilisearch uses in some messages. */
export function rustDebug(text: string): string {
  let out = '"';
  for (const c of text) {
    const short = shortEscapes[c];
    if (short !== undefined) out += short;
    else if (c !== ' ' && unprintable.test(c)) out += `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
    else out += c;
  }
  return `${out}"`;
}

/** What a value is called in serde's "invalid type" messages, for example ``integer `5` ``. */
export function unexpected(text: string): string {
  const c = text.charCodeAt(0);
  if (c === 0x7b) return 'map';
  if (c === 0x5b) return 'sequence';
  if (c === 0x22) return `string ${rustDebug(JSON.parse(text) as string)}`;
  if (c === 0x6e) return 'null';
  if (c === 0x74 || c === 0x66) return `boolean \`${text}\``;
  return isInteger(text) ? `integer \`${BigInt(text)}\`` : `floating point \`${printDouble(Number(text))}\``;
}
