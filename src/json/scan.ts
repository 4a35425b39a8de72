/**
 * Finds the pieces of JSON text without parsing it, so that a document or a number reaches the other side as it was
 * written (invariant 9). The text must be valid JSON: a node's answer, or a payload that `json/validate.ts` has accepted.
 * Offsets are UTF-16 code units of the string.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** First offset at or after `at` that is no white space. */
export function skipSpace(text: string, at: number): number {
  let i = at;
  for (;;) {
    const c = text.charCodeAt(i);
    if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) i++;
    else return i;
  }
}

/** Offset just behind the string whose opening quote is at `at`. */
export function skipString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  throw new SyntaxError('unterminated string');
}

/** Offset just behind the value that starts at `at` (no white space before it). */
export function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return skipString(text, at);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(text, at);
  let i = at;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c <= 0x20) break;
  }
  return i;
}

function skipNested(text: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = skipString(text, i);
      continue;
    }
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return i + 1;
    }
    i++;
  }
  throw new SyntaxError('unterminated value');
}

/** A member of an object: its decoded key and where key (with quotes) and value stand. */
export interface Member {
  key: string;
  keyStart: number;
  valueStart: number;
  valueEnd: number;
}

function decodeKey(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

/** The members of an object and the offset just behind it. */
export interface ScannedObject {
  list: Member[];
  end: number;
}

/** Turns a piece of a text into what it says, for texts that are kept in an encoded form. */
export type ReadPiece = (piece: string) => string;

const asItIs: ReadPiece = (piece) => piece;

/** Whether a piece, if any, stands in the text there: V8 compares two texts at once, but `startsWith` character by character. */
function stands(piece: string, text: string, at: number): boolean {
  if (piece === '' || text.charCodeAt(at) !== piece.charCodeAt(0)) return false;
  return text.slice(at, at + piece.length) === piece;
}

/** Is shown where a member stands: its key with quotes, and its value. */
type VisitMember = (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void;

/** Shows where each member of the object at `at` stands, in order; returns the offset just behind the object. `likely`: see `findMembers`. */
function eachMember(text: string, at: number, visit: VisitMember, likely = ''): number {
  let i = skipSpace(text, skipSpace(text, at) + 1);
  while (text.charCodeAt(i) !== CLOSE_BRACE) {
    const keyEnd = skipString(text, i);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = stands(likely, text, valueStart) ? valueStart + likely.length : skipValue(text, valueStart);
    visit(i, keyEnd, valueStart, valueEnd);
    i = skipSpace(text, valueEnd);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return i + 1;
}

/** The object at `at`: its members in order, duplicates included. Keys are given as `read` reads them. */
export function scanObject(text: string, at = 0, read: ReadPiece = asItIs): ScannedObject {
  const list: Member[] = [];
  const end = eachMember(text, at, (keyStart, keyEnd, valueStart, valueEnd) => {
    list.push({ key: decodeKey(read(text.slice(keyStart, keyEnd))), keyStart, valueStart, valueEnd });
  });
  return { list, end };
}

/** The members of the object at `at`; see `scanObject`. */
export function members(text: string, at = 0, read: ReadPiece = asItIs): Member[] {
  return scanObject(text, at, read).list;
}

/** Where a member of an object stands. */
export type Place = Omit<Member, 'key'>;

/** Where some members stand, in the order of their names (null: there is none), and the offset just behind the object. */
export interface FoundMembers {
  places: (Place | null)[];
  end: number;
}

/**
 * The last member of each of some names (as they are written, with quotes) of the object at `at`. `likely`: an object or array that
 * is likely to be the value of some member, which then is not looked into once more.
 */
export function findMembers(text: string, at: number, names: readonly string[], likely = ''): FoundMembers {
  const places: (Place | null)[] = names.map(() => null);
  const visit: VisitMember = (keyStart, keyEnd, valueStart, valueEnd) => {
    for (let n = 0; n < names.length; n++) {
      const name = names[n] as string;
      if (name.length === keyEnd - keyStart && text.slice(keyStart, keyEnd) === name) {
        places[n] = { keyStart, valueStart, valueEnd };
      }
    }
  };
  return { places, end: eachMember(text, at, visit, likely) };
}

const isBetween = (c: number) => c === COMMA || c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;

/** The object from `start` to `end` without some of its members, in the order in which they stand. */
export function withoutMembers(text: string, start: number, end: number, left: readonly Place[]): string {
  const pieces: string[] = [];
  let from = start + 1;
  for (const { keyStart: to, valueEnd: next } of [...left, { keyStart: end - 1, valueEnd: end }]) {
    let last = to;
    while (from < last && isBetween(text.charCodeAt(from))) from++;
    while (last > from && isBetween(text.charCodeAt(last - 1))) last--;
    if (last > from) pieces.push(text.slice(from, last));
    from = next;
  }
  return `{${pieces.join(',')}}`;
}

/** The elements of the array at `at` as slices of the text. */
export function elements(text: string, at = 0): string[] {
  const found: string[] = [];
  let i = skipSpace(text, skipSpace(text, at) + 1);
  while (text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = skipValue(text, i);
    found.push(text.slice(i, end));
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return found;
}

/** The members of an object as key to raw value text; of duplicate keys the last wins, as in serde_json. */
export function rawFields(text: string, at = 0): Map<string, string> {
  const fields = new Map<string, string>();
  for (const m of members(text, at)) fields.set(m.key, text.slice(m.valueStart, m.valueEnd));
  return fields;
}

/** An object written from raw values, in the map's order. */
export function joinFields(fields: Iterable<readonly [string, string]>): string {
  let out = '';
  for (const [key, value] of fields) out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${value}`;
  return `{${out}}`;
}
