/**
 * What is wrong with a filter expression. A soft problem means that this reading of the text does not fit, and another
 * one may be tried; a hard one is final.
 */
export class FilterProblem extends Error {
  readonly hard: boolean;
  /** Whether a reserved word stands where a name or value was expected. */
  readonly keyword: boolean;

  constructor(message: string, options: { hard: boolean; keyword?: boolean }) {
    super(message);
    this.name = 'FilterProblem';
    this.hard = options.hard;
    this.keyword = options.keyword ?? false;
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\r': '\\r',
  '\n': '\\n',
  '\0': '\\0',
  "'": "\\'",
  '"': '\\"',
  '\\': '\\\\',
};

const unprintable = /[\p{C}\p{Z}]/u;
const extender = /\p{Grapheme_Extend}/u;

const codeEscape = (char: string) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;

/** A text as Rust's `escape_debug` writes it, which is how the server quotes pieces of a filter. */
export function escapeDebug(text: string): string {
  let escaped = '';
  for (const char of text) {
    const known = escapes[char];
    if (known !== undefined) escaped += known;
    else if (char !== ' ' && unprintable.test(char)) escaped += codeEscape(char);
    else escaped += escaped === '' && extender.test(char) ? codeEscape(char) : char;
  }
  return escaped;
}

const characters = (text: string) => [...text].length;

/** The line with which every message ends: columns from 1, counted in characters since the last line break. */
export function positionLine(text: string, start: number, end: number): string {
  const column = characters(text.slice(text.lastIndexOf('\n', start - 1) + 1, start)) + 1;
  return `${column}:${column + characters(text.slice(start, end))} ${text}`;
}
