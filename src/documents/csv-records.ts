import { hasUtf8, type JsonSource } from '../json/fault.ts';
import { malformedCsvPayload } from './payload-errors.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits CSV as the reader inside Meilisearch does, which never refuses a quote: one inside a field is an ordinary
 * character, text behind a closing quote is appended, and a quote left open runs to the end. The usual parsers call these
 * errors, hence this one.
 */
export class CsvRecords {
  readonly #source: JsonSource;
  readonly #delimiter: number;
  #at: number;
  #record = -1;
  /** Where the current record's reading began, for messages. */
  #start = 0;
  #width = -1;

  constructor(source: JsonSource, delimiter: string) {
    this.#source = source;
    this.#delimiter = delimiter.charCodeAt(0);
    const mark = source.bytes ? '\u00ef\u00bb\u00bf' : '\ufeff';
    this.#at = source.text.startsWith(mark) ? mark.length : 0;
  }

  /** The next record's fields, or null at the end. The first record is the header; all have to be as wide as it. */
  next(): string[] | null {
    const { text } = this.#source;
    this.#start = this.#record === -1 ? 0 : this.#at;
    if (text.charCodeAt(this.#at) === LF && text.charCodeAt(this.#at - 1) === CR) this.#at++;
    while (text.charCodeAt(this.#at) === LF || text.charCodeAt(this.#at) === CR) this.#at++;
    if (this.#at >= text.length) return null;
    const fields = this.#fields();
    this.#record++;
    this.#checkWidth(fields.length);
    if (this.#source.bytes) this.#checkUtf8(fields);
    return fields;
  }

  /** Number of the record last read; the header is 0. */
  get record(): number {
    return this.#record;
  }

  #fields(): string[] {
    const { text } = this.#source;
    const fields: string[] = [];
    for (;;) {
      fields.push(text.charCodeAt(this.#at) === QUOTE ? this.#quoted() : this.#plain());
      if (this.#at < text.length && text.charCodeAt(this.#at) === this.#delimiter) {
        this.#at++;
        continue;
      }
      // A carriage return's line feed is skipped when the next record starts: positions are counted like that.
      if (this.#at < text.length) this.#at++;
      return fields;
    }
  }

  #plain(): string {
    const { text } = this.#source;
    const start = this.#at;
    let i = start;
    for (; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === this.#delimiter || c === LF || c === CR) break;
    }
    this.#at = i;
    return text.slice(start, i);
  }

  #quoted(): string {
    const { text } = this.#source;
    let out = '';
    let from = this.#at + 1;
    for (;;) {
      const end = text.indexOf('"', from);
      if (end === -1) {
        this.#at = text.length;
        return out + text.slice(from);
      }
      if (text.charCodeAt(end + 1) !== QUOTE) {
        out += text.slice(from, end);
        this.#at = end + 1;
        return out + this.#plain();
      }
      out += text.slice(from, end + 1);
      from = end + 2;
    }
  }

  #bytesBefore(offset: number): number {
    return this.#source.bytes ? offset : Buffer.byteLength(this.#source.text.slice(0, offset));
  }

  #line(): number {
    return this.#source.text.slice(0, this.#start).split('\n').length;
  }

  #checkWidth(found: number): void {
    if (this.#width === -1) this.#width = found;
    if (found === this.#width) return;
    const place = `record ${this.#record} (line: ${this.#line()}, byte: ${this.#bytesBefore(this.#start)})`;
    throw malformedCsvPayload(
      `CSV error: ${place}: found record with ${found} fields, but the previous record has ${this.#width} fields`,
    );
  }

  #checkUtf8(fields: readonly string[]): void {
    const bad = fields.findIndex((field) => !hasUtf8({ text: field, bytes: true }, 0, field.length));
    if (bad === -1) return;
    const place = `record ${this.#record} (line ${this.#line()}, field: ${bad}, byte: ${this.#bytesBefore(this.#start)})`;
    const near = validBytes(fields[bad] ?? '');
    throw malformedCsvPayload(
      `CSV parse error: ${place}: invalid utf-8: invalid UTF-8 in field ${bad} near byte index ${near}`,
    );
  }
}

/** How many bytes of a text (one character each) are UTF-8 before the first that is not. */
function validBytes(bytes: string): number {
  let length = bytes.length;
  while (length > 0 && !hasUtf8({ text: bytes, bytes: true }, 0, length)) length--;
  return length;
}
