import { skipSpace, skipString } from '../json/scan.ts';
import { reservedPrefix } from './markers.ts';
import type { RawDocument } from './payload.ts';

/** Start and end of a value in a document's text. */
export interface Span {
  start: number;
  end: number;
}

/** What one walk over a document's top-level members finds; of duplicate keys the last counts, as in Meilisearch. */
export interface DocumentFields {
  /** The value of the member asked for. */
  wanted: Span | null;
  geo: Span | null;
  vectors: Span | null;
  /** The first member whose name is Miroir's own. */
  reserved: string | null;
  /** Whether a number has an exponent or very many digits, so that it may be beyond doubles. */
  wideNumbers: boolean;
  /** Deepest nesting of arrays and objects, the document itself being 1. */
  depth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const UNDERSCORE = 0x5f;
const LOWER_E = 0x65;

function keyText(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : raw;
}

/** Whether a key (with its quotes) reads `name`, without decoding it when it holds no escape. */
function keyIs(text: string, start: number, end: number, name: string): boolean {
  const raw = end - start - 2;
  if (raw === name.length && text.startsWith(name, start + 1)) return true;
  if (raw <= name.length) return false;
  const slash = text.indexOf('\\', start + 1);
  return slash !== -1 && slash < end && keyText(text, start, end) === name;
}

/** Digits that a number without exponent needs to be beyond doubles, or fewer. */
const wide = 300;

/** What `skipValueNoting` saw: the deepest nesting of the last value, and wide numbers in any since it was cleared. */
let deepest = 0;
let sawWide = false;

/** Offset of the comma or brace behind the value that starts at `at`. */
function skipValueNoting(text: string, at: number): number {
  let depth = 0;
  let i = at;
  /** Behind the last string or punctuation: a number may have begun here. */
  let from = at;
  deepest = 0;
  for (;;) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = skipString(text, i);
      from = i;
      continue;
    }
    if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      if (i - from > wide) sawWide = true;
      from = i + 1;
      if (depth === 0) return i;
      if (c !== COMMA) depth--;
    } else if ((c | 0x20) === LOWER_E && mayRaise(text.charCodeAt(i + 1))) sawWide = true;
    i++;
  }
}

/** Whether what follows an `e` outside strings makes it an exponent that is not negative. */
const mayRaise = (c: number): boolean => c === 0x2b || (c >= 0x30 && c <= 0x39);

/** Walk over a document's top-level members once. */
export function scanDocument(text: RawDocument, wanted: string): DocumentFields {
  const found: DocumentFields = {
    wanted: null,
    geo: null,
    vectors: null,
    reserved: null,
    wideNumbers: false,
    depth: 1,
  };
  sawWide = false;
  let i = skipSpace(text, 1);
  while (text.charCodeAt(i) !== CLOSE_BRACE) {
    const keyStart = i;
    const keyEnd = skipString(text, i);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const stop = skipValueNoting(text, start);
    if (deepest + 1 > found.depth) found.depth = deepest + 1;
    if (keyIs(text, keyStart, keyEnd, wanted)) found.wanted = { start, end: stop };
    const c = text.charCodeAt(keyStart + 1);
    if (c === UNDERSCORE || c === BACKSLASH) noteOwn(text, keyStart, keyEnd, { start, end: stop }, found);
    i = text.charCodeAt(stop) === COMMA ? skipSpace(text, stop + 1) : stop;
  }
  found.wideNumbers = sawWide;
  return found;
}

function noteOwn(text: string, keyStart: number, keyEnd: number, value: Span, found: DocumentFields): void {
  const key = keyText(text, keyStart, keyEnd);
  if (key === '_geo') found.geo = value;
  else if (key === '_vectors') found.vectors = value;
  else if (key.startsWith(reservedPrefix)) found.reserved ??= key;
}

/** A value's text without the white space around it. */
export function valueText(text: RawDocument, span: Span): string {
  return text.slice(span.start, span.end).trim();
}
