import { faultAt, faultBefore, type JsonSource, jsonSource } from '../json/fault.ts';
import { skipSpace } from '../json/scan.ts';
import { reasons } from '../json/strings.ts';
import { checkRaw, checkText, checkValue, JsonFault } from '../json/validate.ts';
import { keysAreSound, notADocument } from './parse-document.ts';
import { documentFault, malformedJsonPayload } from './payload-errors.ts';
import { Stretch, type Work } from './turns.ts';

const COMMA = 0x2c;
const CLOSE = 0x5d;

/** Meilisearch stops reading at a bad element, and then finds the array not closed where it should be. */
function afterBadElement(source: JsonSource, end: number): JsonFault | null {
  const next = skipSpace(source.text, end);
  if (next >= source.text.length) return faultAt(source, next, reasons.eofList);
  const c = source.text.charCodeAt(next);
  if (c === CLOSE) return null;
  if (c !== COMMA) return faultBefore(source, next, reasons.trailingCharacters);
  const after = skipSpace(source.text, next + 1);
  const closed = source.text.charCodeAt(after) === CLOSE;
  return faultBefore(source, after, closed ? reasons.trailingComma : reasons.trailingCharacters);
}

/** Offset of the element behind the separator at `at`, or -1 at the end of the array. */
function nextElement(source: JsonSource, at: number): number {
  const c = source.text.charCodeAt(at);
  if (c === CLOSE) return -1;
  if (at >= source.text.length) throw faultAt(source, at, reasons.eofList);
  if (c !== COMMA) throw faultBefore(source, at, reasons.listCommaOrEnd);
  const next = skipSpace(source.text, at + 1);
  if (next >= source.text.length) throw faultAt(source, next, reasons.eofValue);
  if (source.text.charCodeAt(next) === CLOSE) throw faultBefore(source, next, reasons.trailingComma);
  return next;
}

function* readList(source: JsonSource, open: number): Work<string[]> {
  const { text } = source;
  const sound = keysAreSound(source);
  const documents: string[] = [];
  const stretch = new Stretch();
  let at = skipSpace(text, open + 1);
  if (at >= text.length) throw faultAt(source, at, reasons.eofList);
  if (text.charCodeAt(at) === CLOSE) return documents;
  while (at !== -1) {
    const end = checkRaw(source, at);
    const fault = notADocument(source, at, end, sound);
    if (fault !== null) throw afterBadElement(source, end) ?? documentFault('json', fault);
    documents.push(text.slice(at, end));
    if (stretch.isOver(end - at)) yield;
    at = nextElement(source, skipSpace(text, end));
  }
  return documents;
}

function readOne(source: JsonSource, at: number): string {
  if (source.text.charCodeAt(at) !== 0x7b) {
    checkValue(source, at, true);
    throw malformedJsonPayload('json', 'data are neither an object nor a list of objects');
  }
  checkText(source);
  return source.text.slice(at, source.text.trimEnd().length);
}

/**
 * The documents of a JSON payload, an array of objects or one object, as slices of its text. Whatever stands behind the
 * array is ignored, as Meilisearch does.
 */
export function* parseJsonDocuments(body: Buffer): Work<string[]> {
  const source = jsonSource(body);
  const at = skipSpace(source.text, 0);
  try {
    return source.text.charCodeAt(at) === 0x5b ? yield* readList(source, at) : [readOne(source, at)];
  } catch (error) {
    throw error instanceof JsonFault ? malformedJsonPayload('json', error) : error;
  }
}
