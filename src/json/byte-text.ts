import { type Member, type ScannedObject, scanObject } from './scan.ts';

declare const encoded: unique symbol;

/**
 * JSON text as its UTF-8 bytes: a string with one character, U+0000 to U+00FF, for each byte ("binary string"). Node.js makes
 * it from a buffer and back by copying, where decoding UTF-8 costs many times as much, and it is cut like any other text. All
 * that JSON gives a meaning to is ASCII, so what finds its pieces (`scan.ts`) works on it; what looks at keys and values
 * decodes these few with `textOf`. Byte texts compare as their UTF-8 bytes do.
 */
export type ByteText = string & { readonly [encoded]: 'utf-8' };

const beyondAscii = /[\x80-\uffff]/;

/** Bytes as one text, or as a buffer when they are so many that a text of them would be costly; see `bytesIn`. */
export type Bytes = ByteText | Buffer;

/**
 * Longest text made of an answer that is only looked at piece by piece. V8 puts strings of more than 128 kB in pages of their own,
 * which costs ten times as much for each byte (decision 12).
 */
export const longestText = 100_000;

/** Bytes in the form in which they cost least. */
export const bytesIn = (buffer: Buffer): Bytes => (buffer.length > longestText ? buffer : byteText(buffer));

/** Bytes as one text, however many. */
export const wholeText = (bytes: Bytes): ByteText => (typeof bytes === 'string' ? bytes : byteText(bytes));

/** A buffer's bytes. */
export function byteText(buffer: Buffer): ByteText {
  return buffer.toString('latin1') as ByteText;
}

/** The bytes as a buffer, as they go out. */
export function bufferOf(bytes: ByteText): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** Byte texts, one after the other, as one buffer; to join them as text before costs large answers more than all else (decision 12). */
export function bufferOfAll(pieces: readonly ByteText[]): Buffer {
  const buffer = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    if (piece.length === 1) buffer[at++] = piece.charCodeAt(0);
    else at += buffer.write(piece, at, 'latin1');
  }
  return buffer;
}

const comma = ',' as ByteText;

/** Elements of an array or members of an object, with what stands between them. */
export function separated(pieces: readonly ByteText[]): ByteText[] {
  const all: ByteText[] = [];
  for (const piece of pieces) {
    if (all.length > 0) all.push(comma);
    all.push(piece);
  }
  return all;
}

/** Where short texts are encoded and decoded: a buffer for each would cost more than the work itself. */
const scratch = Buffer.allocUnsafe(16_384);

/** A text, or a piece of one, encoded. */
export function bytesOf(text: string): ByteText {
  if (!beyondAscii.test(text)) return text as ByteText;
  if (text.length * 3 > scratch.length) return byteText(Buffer.from(text));
  return scratch.toString('latin1', 0, scratch.write(text)) as ByteText;
}

/** What a piece of a byte text says. */
export function textOf(bytes: string): string {
  if (!beyondAscii.test(bytes)) return bytes;
  if (bytes.length > scratch.length) return Buffer.from(bytes, 'latin1').toString();
  return scratch.toString('utf8', 0, scratch.write(bytes, 'latin1'));
}

/** A piece of bytes. */
export function cut(bytes: Bytes, start: number, end?: number): ByteText {
  return typeof bytes === 'string' ? (bytes.slice(start, end) as ByteText) : byteText(bytes.subarray(start, end));
}

/** `scanObject` of a byte text: the keys are text, the offsets count bytes. */
export function scanByteObject(bytes: ByteText, at = 0): ScannedObject {
  return scanObject(bytes, at, textOf);
}

/** `members` of a byte text; see `scanByteObject`. */
export function byteMembers(bytes: ByteText, at = 0): Member[] {
  return scanByteObject(bytes, at).list;
}
