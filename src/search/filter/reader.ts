import type { FilterToken } from './ast.ts';
import { escapeDebug, FilterProblem, positionLine } from './problem.ts';
import { unescapeValue } from './unescape.ts';

const keywords = new Set([
  'AND',
  'OR',
  'IN',
  'NOT',
  'TO',
  'EXISTS',
  'IS',
  'NULL',
  'EMPTY',
  'CONTAINS',
  'STARTS',
  'WITH',
  '_geoRadius',
  '_geoBoundingBox',
]);

const wordAt = /[\p{Alphabetic}\p{N}_.-]+/uy;
const partAt = /[\p{Alphabetic}\p{N}_-]+/uy;
const anySpaceAt = /[\p{White_Space}]*/uy;
const plainAt = /[^\p{White_Space}()=<>!]*/uy;
const floatAt = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;

/** Reads an expression from its start to its end; `at` is where the reading stands. */
export class FilterReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** A problem about the text from `start` on (to its end, unless `end` says otherwise). */
  problem(message: string, start: number, options: { hard: boolean; keyword?: boolean; end?: number }): FilterProblem {
    return new FilterProblem(`${message}\n${positionLine(this.text, start, options.end ?? this.text.length)}`, options);
  }

  hard(message: string, start: number, end?: number): FilterProblem {
    return this.problem(message, start, { hard: true, ...(end === undefined ? {} : { end }) });
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0] ?? null;
  }

  #take(pattern: RegExp): string | null {
    const found = this.#match(pattern);
    if (found !== null) this.at += found.length;
    return found;
  }

  /** Skip blanks, tabs and line ends; tells whether there were any. */
  space(): boolean {
    const before = this.at;
    while (/[ \t\r\n]/.test(this.text.charAt(this.at))) this.at++;
    return this.at > before;
  }

  /** Read exactly this text, or nothing. */
  tag(tag: string): boolean {
    if (!this.text.startsWith(tag, this.at)) return false;
    this.at += tag.length;
    return true;
  }

  /** Read this word (and not a longer one), or nothing. */
  word(word: string): boolean {
    if (this.#match(wordAt) !== word) return false;
    this.at += word.length;
    return true;
  }

  /** Read this word with white space around it, or nothing. */
  spacedWord(word: string): boolean {
    return this.#spaced(() => this.word(word));
  }

  /** Read this text with white space around it, or nothing. */
  spacedTag(tag: string): boolean {
    return this.#spaced(() => this.tag(tag));
  }

  #spaced(read: () => boolean): boolean {
    const before = this.at;
    this.space();
    if (!read()) {
      this.at = before;
      return false;
    }
    this.space();
    return true;
  }

  /** Read words separated by white space, for example `IS NOT NULL`, or nothing. The last may be the start of a longer one. */
  phrase(...words: string[]): boolean {
    const before = this.at;
    const found = words.every((word, i) => (i === 0 || this.space()) && this.tag(word));
    if (!found) this.at = before;
    return found;
  }

  /** `(1, 2)` or `[1, 2]`: the number of numbers, or null when the text is something else. */
  floats(open: string, close: string): number | null {
    return this.list(open, close, () => this.#spaced(() => this.#take(floatAt) !== null));
  }

  /** Items between brackets, separated by commas: how many, at least one, or null. */
  list(open: string, close: string, item: () => boolean): number | null {
    if (!this.tag(open) || !item()) return null;
    let count = 1;
    while (this.tag(',')) {
      if (!item()) return null;
      count++;
    }
    return this.tag(close) ? count : null;
  }

  /** Skip any Unicode white space. */
  anySpace(): void {
    this.#take(anySpaceAt);
  }

  /** Text in quotes, or null when no quote stands here. */
  #quoted(unclosed: () => FilterProblem): FilterToken | null {
    const quote = this.text.charAt(this.at);
    if (quote !== '"' && quote !== "'") return null;
    const start = this.at + 1;
    let end = start;
    while (end < this.text.length && this.text[end] !== quote) {
      if (this.text[end] === '\\' && end + 1 >= this.text.length) {
        throw this.hard(`Malformed value: \`${escapeDebug(this.text.slice(start))}\`.`, start);
      }
      end += this.text[end] === '\\' ? 2 : 1;
    }
    if (end >= this.text.length) throw unclosed();
    this.at = end + 1;
    return { value: this.text.slice(start, end).replaceAll(`\\${quote}`, quote), start, end };
  }

  #unescaped(token: FilterToken): FilterToken {
    const read = unescapeValue(token.value);
    if ('value' in read) return { ...token, value: read.value };
    const raw = escapeDebug(token.value);
    const message =
      read.fault === 'number'
        ? `Found an invalid escaped sequence number: \`${raw}\`.`
        : `Malformed value: \`${raw}\`.`;
    throw this.problem(message, token.start, { hard: false, end: token.end });
  }

  /** A name or value, quoted or not, and the white space behind it. The white space before it has been read. */
  value(): FilterToken {
    const start = this.at;
    const unclosed = () => {
      const rest = escapeDebug(this.text.slice(start));
      return this.hard(
        `Expression \`${rest}\` is missing the following closing delimiter: \`${this.text.charAt(start)}\`.`,
        start,
      );
    };
    const token = this.#quoted(unclosed) ?? this.#plainWord(start);
    this.space();
    return this.#unescaped(token);
  }

  #plainWord(start: number): FilterToken {
    const word = this.#match(wordAt);
    if (word === null || keywords.has(word)) throw this.#unexpected(start, word !== null);
    this.at += word.length;
    return { value: word, start, end: this.at };
  }

  #unexpected(start: number, keyword: boolean): FilterProblem {
    const found = this.#match(plainAt) ?? '';
    const shown = escapeDebug(found);
    const but = keyword
      ? `got \`${shown}\`, which is a reserved keyword. To use \`${shown}\` as a field name or a value, surround it by quotes.`
      : `got \`${shown}\`.`;
    const message = `Was expecting a value but instead ${found.trim() === '' ? 'got nothing.' : but}`;
    return this.problem(message, start, { hard: false, keyword, end: start + found.length });
  }

  /** One part of a dotted name, quoted or not, or null. */
  part(unclosed: () => FilterProblem): FilterToken | null {
    const start = this.at;
    const quoted = this.#quoted(unclosed);
    if (quoted !== null) return this.#unescaped(quoted);
    const word = this.#take(partAt);
    return word === null ? null : { value: word, start, end: this.at };
  }
}
