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

/** A buffer's bytes. */
export function byteText(buffer: Buffer): ByteText {
  return buffer.toString('latin1') as ByteText;
}

/** The bytes as a buffer, as they go out. */
export function bufferOf(bytes: ByteText): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** A text, or a piece of one, encoded. */
export function bytesOf(text: string): ByteText {
  return (beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text) as ByteText;
}

/** What a piece of a byte text says. */
export function textOf(bytes: string): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

/** A piece of a byte text. */
export function cut(bytes: ByteText, start: number, end?: number): ByteText {
  return bytes.slice(start, end) as ByteText;
}

/** `scanObject` of a byte text: the keys are text, the offsets count bytes. */
export function scanByteObject(bytes: ByteText, at = 0): ScannedObject {
  return scanObject(bytes, at, textOf);
}

/** `members` of a byte text; see `scanByteObject`. */
export function byteMembers(bytes: ByteText, at = 0): Member[] {
  return scanByteObject(bytes, at).list;
}
