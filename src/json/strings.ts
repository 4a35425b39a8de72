import { faultAt, faultBehind, hasUtf8, type JsonSource } from './fault.ts';

/** Reasons of faults, in serde_json's words. */
export const reasons = {
  eofValue: 'EOF while parsing a value',
  eofString: 'EOF while parsing a string',
  eofList: 'EOF while parsing a list',
  eofObject: 'EOF while parsing an object',
  expectedValue: 'expected value',
  expectedIdent: 'expected ident',
  expectedColon: 'expected `:`',
  listCommaOrEnd: 'expected `,` or `]`',
  objectCommaOrEnd: 'expected `,` or `}`',
  keyMustBeString: 'key must be a string',
  trailingComma: 'trailing comma',
  trailingCharacters: 'trailing characters',
  controlCharacter: 'control character (\\u0000-\\u001F) found while parsing a string',
  invalidEscape: 'invalid escape',
  loneSurrogate: 'lone leading surrogate in hex escape',
  endOfHexEscape: 'unexpected end of hex escape',
  invalidCodePoint: 'invalid unicode code point',
  invalidNumber: 'invalid number',
  outOfRange: 'number out of range',
  recursion: 'recursion limit exceeded',
} as const;

const simpleEscapes = new Set([...'"\\/bfnrt'].map((c) => c.charCodeAt(0)));
const fourHex = /[0-9a-fA-F]{4}/y;

function hexEscape(source: JsonSource, at: number): number {
  const { text } = source;
  fourHex.lastIndex = at;
  if (fourHex.test(text)) return Number.parseInt(text.slice(at, at + 4), 16);
  const rest = text.slice(at, at + 4);
  if ((source.bytes ? rest.length : Buffer.byteLength(rest)) < 4) throw faultAt(source, text.length, reasons.eofString);
  throw faultBehind(source, at, 4, reasons.invalidEscape);
}

const isLeading = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isTrailing = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Offset behind the escape of a leading surrogate's other half, which has to follow at once. */
function trailingEscape(source: JsonSource, at: number): number {
  const { text } = source;
  for (const [offset, expected] of [
    [at, 0x5c],
    [at + 1, 0x75],
  ] as const) {
    if (offset >= text.length) throw faultAt(source, offset, reasons.eofString);
    if (text.charCodeAt(offset) !== expected) throw faultBehind(source, offset, 1, reasons.endOfHexEscape);
  }
  if (!isTrailing(hexEscape(source, at + 2))) throw faultAt(source, at + 6, reasons.loneSurrogate);
  return at + 6;
}

/** Offset behind an escape whose backslash stands at `at`; `strict` also wants surrogates in pairs. */
function skipEscape(source: JsonSource, at: number, strict: boolean): number {
  const { text } = source;
  if (at + 1 >= text.length) throw faultAt(source, at + 1, reasons.eofString);
  const c = text.charCodeAt(at + 1);
  if (simpleEscapes.has(c)) return at + 2;
  if (c !== 0x75) throw faultBehind(source, at + 1, 1, reasons.invalidEscape);
  const unit = hexEscape(source, at + 2);
  if (!strict || !(isLeading(unit) || isTrailing(unit))) return at + 6;
  if (isTrailing(unit)) throw faultAt(source, at + 6, reasons.loneSurrogate);
  return trailingEscape(source, at + 6);
}

/** Characters that need no look: all but quote, backslash and controls. A compiled expression outruns a loop over long texts. */
const plainRun = /[ !#-[\]-\uffff]*/y;

/**
 * Offset behind the string whose opening quote stands at `at`. `strict` checks what decoding it would: surrogate pairs and
 * UTF-8. Control characters are refused either way; serde_json reads them only when it decodes.
 */
export function checkString(source: JsonSource, at: number, strict: boolean): number {
  const { text } = source;
  const length = text.length;
  let i = at + 1;
  for (;;) {
    plainRun.lastIndex = i;
    plainRun.test(text);
    i = plainRun.lastIndex;
    if (i >= length) throw faultAt(source, length, reasons.eofString);
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      if (strict && !hasUtf8(source, at, i)) throw faultAt(source, i + 1, reasons.invalidCodePoint);
      return i + 1;
    }
    if (c !== 0x5c) throw faultAt(source, strict ? i + 1 : i, reasons.controlCharacter);
    i = skipEscape(source, i, strict);
  }
}
