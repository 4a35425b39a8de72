import { faultAt, faultBefore, faultBehind, type JsonFault, type JsonSource } from './fault.ts';
import { reasons } from './strings.ts';

const digit = (c: number): boolean => c >= 0x30 && c <= 0x39;

function skipDigits(text: string, at: number): number {
  let i = at;
  while (digit(text.charCodeAt(i))) i++;
  return i;
}

/** Where serde_json gives up on an exponent: behind the digit that takes it over 2^31 - 1, or null when it fits. */
function exponentOverflow(text: string, start: number, end: number): number | null {
  let value = 0;
  for (let i = start; i < end; i++) {
    value = value * 10 + text.charCodeAt(i) - 0x30;
    if (value > 0x7fffffff) return i + 1;
  }
  return null;
}

/** A double that is neither zero nor finite does not pass when the number is decoded. */
function checkRange(source: JsonSource, start: number, exponentAt: number, end: number): void {
  const { text } = source;
  if (Number.isFinite(Number(text.slice(start, end)))) return;
  const overflow = exponentAt === -1 ? null : exponentOverflow(text, exponentAt, end);
  throw faultAt(source, overflow ?? end, reasons.outOfRange);
}

/** A number breaks off at `at`: a wrong character, which has been `read` or only looked at, or the end of the text. */
function broken(source: JsonSource, at: number, read: boolean, strict: boolean): JsonFault {
  if (at >= source.text.length) return faultAt(source, at, strict ? reasons.eofValue : reasons.invalidNumber);
  return read ? faultBehind(source, at, 1, reasons.invalidNumber) : faultBefore(source, at, reasons.invalidNumber);
}

/** Offset behind the digits before the point. */
function skipWhole(source: JsonSource, at: number, strict: boolean): number {
  const { text } = source;
  const first = text.charCodeAt(at);
  if (!digit(first)) throw broken(source, at, true, strict);
  if (first !== 0x30) return skipDigits(text, at + 1);
  if (digit(text.charCodeAt(at + 1))) throw broken(source, at + 1, false, strict);
  return at + 1;
}

/**
 * Offset behind the number that starts at `at` (with its minus). `strict` reports as decoding does, which tells the end of
 * the text from a wrong character, and refuses what no double can hold.
 */
export function checkNumber(source: JsonSource, at: number, strict: boolean): number {
  const { text } = source;
  let i = skipWhole(source, text.charCodeAt(at) === 0x2d ? at + 1 : at, strict);
  if (text.charCodeAt(i) === 0x2e) {
    const fraction = i + 1;
    i = skipDigits(text, fraction);
    if (i === fraction) throw broken(source, i, false, strict);
  }
  let exponentAt = -1;
  const e = text.charCodeAt(i);
  if (e === 0x65 || e === 0x45) {
    i++;
    const sign = text.charCodeAt(i);
    if (sign === 0x2b || sign === 0x2d) i++;
    if (!digit(text.charCodeAt(i))) throw broken(source, i, true, strict);
    exponentAt = i;
    i = skipDigits(text, i);
  }
  if (strict && (exponentAt !== -1 || i - at > 300)) checkRange(source, at, exponentAt, i);
  return i;
}
