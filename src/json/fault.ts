import { isUtf8 } from 'node:buffer';

/** What serde_json, the parser inside Meilisearch, says is wrong with a text; `message` is its exact wording with position. */
export class JsonFault extends Error {
  /** Without the position, for example `expected value`. */
  readonly reason: string;
  /** From 1. */
  readonly line: number;
  /** Bytes since the last line feed that were read, so 0 just behind a line feed. */
  readonly column: number;
  /** `data`: well-formed JSON of the wrong type; `syntax` otherwise. */
  readonly kind: 'syntax' | 'data';

  constructor(reason: string, line: number, column: number, kind: JsonFault['kind'] = 'syntax') {
    super(`${reason} at line ${line} column ${column}`);
    this.name = 'JsonFault';
    this.reason = reason;
    this.line = line;
    this.column = column;
    this.kind = kind;
  }
}

/**
 * JSON text with what is needed to speak of its bytes. A body that is no UTF-8 is kept one byte per character, so that it
 * can be scanned like any other and its faults are found where the bytes are.
 */
export interface JsonSource {
  readonly text: string;
  /** Whether each character stands for one byte of a body that is not UTF-8. */
  readonly bytes: boolean;
}

/** Decode a body for scanning. */
export function jsonSource(body: Buffer | string): JsonSource {
  if (typeof body === 'string') return { text: body, bytes: false };
  return isUtf8(body) ? { text: body.toString('utf8'), bytes: false } : { text: body.toString('latin1'), bytes: true };
}

/** The part of a source between two offsets, as a source of its own (positions then count from its start). */
export function subSource(source: JsonSource, start: number, end: number): JsonSource {
  return { text: source.text.slice(start, end), bytes: source.bytes };
}

/** Whether the characters between two offsets are UTF-8; only a `bytes` source can fail. */
export function hasUtf8(source: JsonSource, start: number, end: number): boolean {
  return !source.bytes || isUtf8(Buffer.from(source.text.slice(start, end), 'latin1'));
}

/** The fault at an offset: everything before it has been read. */
export function faultAt(
  source: JsonSource,
  offset: number,
  reason: string,
  kind: JsonFault['kind'] = 'syntax',
): JsonFault {
  const read = source.text.slice(0, offset);
  const lineStart = read.lastIndexOf('\n') + 1;
  let line = 1;
  for (let i = read.indexOf('\n'); i !== -1; i = read.indexOf('\n', i + 1)) line++;
  const rest = read.slice(lineStart);
  return new JsonFault(reason, line, source.bytes ? rest.length : Buffer.byteLength(rest), kind);
}

/** The fault after `count` more bytes from an offset have been read; a character may be cut in the middle. */
export function faultBehind(source: JsonSource, offset: number, count: number, reason: string): JsonFault {
  const next = source.text.slice(offset, offset + count);
  const read = source.bytes ? next : Buffer.from(next).subarray(0, count).toString('latin1');
  const bytes = Buffer.from(source.text.slice(0, offset), source.bytes ? 'latin1' : 'utf8').toString('latin1') + read;
  return faultAt({ text: bytes, bytes: true }, bytes.length, reason);
}

/** The fault at the character that stands at the offset and is looked at but not read (at the end: behind the last one). */
export function faultBefore(
  source: JsonSource,
  offset: number,
  reason: string,
  kind: JsonFault['kind'] = 'syntax',
): JsonFault {
  const fault = faultAt(source, offset, reason, kind);
  return offset < source.text.length ? new JsonFault(reason, fault.line, fault.column + 1, kind) : fault;
}
