import { reservedPrefix } from '../../documents/markers.ts';
import type { Member, ReadPiece } from '../../json/scan.ts';
import { selectFields } from './select.ts';

/** Whether a field path (`nest.a`) leads to or into the field `key`. */
export function touches(path: string, key: string): boolean {
  return path === key || path.startsWith(`${key}.`);
}

/** The part of a field fetched only for merging that is visible anyway; null when nothing of it is. */
function selected(text: string, { keyStart, valueEnd }: Member, visible: readonly string[], read?: ReadPiece) {
  const part = selectFields(`{${text.slice(keyStart, valueEnd)}}`, visible, read);
  return part === '{}' ? null : part.slice(1, -1);
}

const COMMA = 0x2c;

/** Cuts members out of a text; neighbours stay together. */
class Pieces {
  readonly all: string[] = [];
  readonly #text: string;
  #start = -1;
  #end = -1;

  constructor(text: string) {
    this.#text = text;
  }

  copy({ keyStart, valueEnd }: Member): void {
    const adjoins = keyStart === this.#end + 1 && this.#text.charCodeAt(this.#end) === COMMA;
    if (!adjoins) {
      this.finish();
      this.#start = keyStart;
    }
    this.#end = valueEnd;
  }

  add(piece: string): void {
    this.finish();
    this.all.push(piece);
  }

  finish(): string[] {
    if (this.#start !== -1) this.all.push(this.#text.slice(this.#start, this.#end));
    this.#start = -1;
    this.#end = -1;
    return this.all;
  }
}

/** How members are shown. */
export interface ShownOptions {
  /** As for `members`. */
  read?: ReadPiece;
  /** What stands in the place of a member. */
  instead?: { key: string; piece: string };
}

/**
 * The members of a document that a client sees, as they are written, in pieces to be joined by commas: not Miroir's own, and
 * of the fields fetched only for merging (`extras`) what is visible anyway. `visible` null means all; other members were
 * chosen by the node.
 */
export function shownMembers(
  text: string,
  list: readonly Member[],
  visible: readonly string[] | null,
  extras: readonly string[],
  { read, instead }: ShownOptions = {},
): string[] {
  const pieces = new Pieces(text);
  for (const member of list) {
    const { key } = member;
    if (key.startsWith(reservedPrefix)) continue;
    if (key === instead?.key) pieces.add(instead.piece);
    else if (visible === null || visible.includes(key) || !extras.some((path) => touches(path, key)))
      pieces.copy(member);
    else {
      const part = selected(text, member, visible, read);
      if (part !== null) pieces.add(part);
    }
  }
  return pieces.finish();
}
