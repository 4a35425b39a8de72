/** Why escape sequences could not be read. */
export type EscapeFault = 'number' | 'malformed';

const simple: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '/': '/',
};

interface Sequence {
  char: string;
  /** Offset just behind it. */
  end: number;
}

function fromCode(digits: string, radix: number, end: number): Sequence | EscapeFault {
  const valid = radix === 16 ? /^\+?[0-9a-fA-F]{1,8}$/.test(digits) : /^[0-7]+$/.test(digits);
  if (!valid) return 'number';
  const code = Number.parseInt(digits, radix);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 'malformed';
  return { char: String.fromCodePoint(code), end };
}

/** `\u{41}` or `\u0041`, from behind the `u`. */
function unicode(text: string, at: number): Sequence | EscapeFault {
  if (text[at] !== '{') {
    return at + 4 > text.length ? 'malformed' : fromCode(text.slice(at, at + 4), 16, at + 4);
  }
  const close = text.indexOf('}', at);
  return close === -1 ? 'malformed' : fromCode(text.slice(at + 1, close), 16, close + 1);
}

/** Up to three octal digits when the first is below 4, else up to two. */
function octal(text: string, at: number): Sequence | EscapeFault {
  const digits = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(text.slice(at, at + 3))?.[0];
  return digits === undefined ? 'malformed' : fromCode(digits, 8, at + digits.length);
}

function sequence(text: string, at: number): Sequence | EscapeFault {
  const kind = text[at];
  if (kind === undefined) return 'malformed';
  const char = simple[kind];
  if (char !== undefined) return { char, end: at + 1 };
  if (kind === 'u') return unicode(text, at + 1);
  if (kind === 'x') return at + 3 > text.length ? 'malformed' : fromCode(text.slice(at + 1, at + 3), 16, at + 3);
  return octal(text, at);
}

/** The text that a quoted filter value stands for; backslashes start an escape sequence as in C. */
export function unescapeValue(text: string): { value: string } | { fault: EscapeFault } {
  let value = '';
  let at = 0;
  for (;;) {
    const slash = text.indexOf('\\', at);
    if (slash === -1) return { value: value + text.slice(at) };
    const read = sequence(text, slash + 1);
    if (typeof read === 'string') return { fault: read };
    value += text.slice(at, slash) + read.char;
    at = read.end;
  }
}
