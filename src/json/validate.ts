import { faultAt, faultBefore, faultBehind, hasUtf8, type JsonFault, type JsonSource, jsonSource } from './fault.ts';
import { checkNumber } from './numbers.ts';
import { skipSpace } from './scan.ts';
import { checkString, reasons } from './strings.ts';

export { JsonFault, type JsonSource, jsonSource } from './fault.ts';

/** Nesting at which serde_json stops when it decodes. */
const depthLimit = 128;

const idents: Record<number, string> = { 110: 'null', 116: 'true', 102: 'false' };

function checkIdent(source: JsonSource, at: number, word: string): number {
  for (let i = 1; i < word.length; i++) {
    if (at + i >= source.text.length) throw faultAt(source, at + i, reasons.eofValue);
    if (source.text.charCodeAt(at + i) !== word.charCodeAt(i)) {
      throw faultBehind(source, at + i, 1, reasons.expectedIdent);
    }
  }
  return at + word.length;
}

/** Offset behind a scalar that starts at `at`, or -1 when an array or object starts there. */
function checkScalar(source: JsonSource, at: number, strict: boolean): number {
  const { text } = source;
  if (at >= text.length) throw faultAt(source, text.length, reasons.eofValue);
  const c = text.charCodeAt(at);
  if (c === 0x22) return checkString(source, at, strict);
  if (c === 0x7b || c === 0x5b) return -1;
  if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return checkNumber(source, at, strict);
  const word = idents[c];
  if (word === undefined) throw faultBefore(source, at, reasons.expectedValue);
  return checkIdent(source, at, word);
}

/** A fault for a wrong character, or another one for the end of the text. */
function wrong(source: JsonSource, at: number, reason: string, atEnd: string): JsonFault {
  return at < source.text.length ? faultBefore(source, at, reason) : faultAt(source, at, atEnd);
}

/** Offset of a member's value, whose key's quote stands at `at`. */
function checkKey(source: JsonSource, at: number, strict: boolean): number {
  const colon = skipSpace(source.text, checkString(source, at, strict));
  if (source.text.charCodeAt(colon) !== 0x3a) throw wrong(source, colon, reasons.expectedColon, reasons.eofObject);
  return skipSpace(source.text, colon + 1);
}

/** Offset of the first element or member value, or -1 when the array or object at `at` is empty. */
function open(source: JsonSource, at: number, list: boolean, strict: boolean): number {
  const first = skipSpace(source.text, at + 1);
  const c = source.text.charCodeAt(first);
  if (first >= source.text.length) throw faultAt(source, first, list ? reasons.eofList : reasons.eofObject);
  if (c === (list ? 0x5d : 0x7d)) return -1;
  if (list) return first;
  if (c !== 0x22) throw faultBefore(source, first, reasons.keyMustBeString);
  return checkKey(source, first, strict);
}

/** What stands behind the comma of an array or object at `at`: offset of the next value. */
function afterComma(source: JsonSource, at: number, list: boolean, strict: boolean): number {
  const next = skipSpace(source.text, at + 1);
  const c = source.text.charCodeAt(next);
  if (strict && c === (list ? 0x5d : 0x7d)) throw faultBefore(source, next, reasons.trailingComma);
  if (list) return next;
  if (c !== 0x22) throw wrong(source, next, reasons.keyMustBeString, strict ? reasons.eofValue : reasons.eofObject);
  return checkKey(source, next, strict);
}

/**
 * Offset behind the JSON value that starts at `at`, or throws the fault that serde_json would report. `strict` checks as
 * decoding a value does (surrogates, number range, nesting); otherwise as skipping over one does.
 */
export function checkValue(source: JsonSource, at: number, strict: boolean): number {
  const { text } = source;
  /** The brackets that are open, as 1 for arrays and 0 for objects. */
  const stack: boolean[] = [];
  let i = at;
  for (;;) {
    let end = checkScalar(source, i, strict);
    if (end === -1) {
      const list = text.charCodeAt(i) === 0x5b;
      if (strict && stack.length + 1 >= depthLimit) throw faultBefore(source, i, reasons.recursion);
      const first = open(source, i, list, strict);
      if (first !== -1) {
        stack.push(list);
        i = first;
        continue;
      }
      end = skipSpace(text, i + 1) + 1;
    }
    for (;;) {
      const list = stack[stack.length - 1];
      if (list === undefined) return end;
      const next = skipSpace(text, end);
      const c = text.charCodeAt(next);
      if (c === 0x2c) {
        i = afterComma(source, next, list, strict);
        break;
      }
      if (c !== (list ? 0x5d : 0x7d)) {
        throw list
          ? wrong(source, next, reasons.listCommaOrEnd, reasons.eofList)
          : wrong(source, next, reasons.objectCommaOrEnd, reasons.eofObject);
      }
      stack.pop();
      end = next + 1;
    }
  }
}

/** Check a whole text that holds one value, as decoding it would; throws `JsonFault`. */
export function checkText(source: JsonSource): void {
  const end = skipSpace(source.text, checkValue(source, skipSpace(source.text, 0), true));
  if (end < source.text.length) throw faultBefore(source, end, reasons.trailingCharacters);
}

/** Offset behind a value that is taken over as raw text: not decoded, but it has to be UTF-8. */
export function checkRaw(source: JsonSource, at: number): number {
  const end = checkValue(source, at, false);
  if (!hasUtf8(source, at, end)) throw faultAt(source, end, reasons.invalidCodePoint);
  return end;
}

/** Texts in which `JSON.parse` and serde_json may disagree: surrogate escapes, exponents, long numbers, deep nesting. */
const doubtful = /\\u[dD][89a-fA-F]|[0-9.][eE]|[0-9]{300}/;

function nestsDeeply(text: string): boolean {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return deepest >= depthLimit;
}

/**
 * Decode a request body as Meilisearch does. Throws `JsonFault` with serde_json's message; of duplicate keys the last wins.
 * Numbers become doubles, so use it for parameters and settings, never for documents.
 */
export function parseJson(body: Buffer | string): unknown {
  const source = jsonSource(body);
  if (!source.bytes && !doubtful.test(source.text) && !nestsDeeply(source.text)) {
    try {
      return JSON.parse(source.text) as unknown;
    } catch {
      // found out in serde_json's words below
    }
  }
  checkText(source);
  return JSON.parse(source.text) as unknown;
}
