/**
 * As much of the syntax of Rhai, the language of edit functions, as is needed to look at a script's words and at the functions
 * that it defines. The script must be one that compiles.
 */

/** A word of a script that stands outside of strings and comments. */
interface Word {
  text: string;
  start: number;
  /** Whether it names a property, as in `doc.exit`. */
  property: boolean;
}

/** A stretch of the text. */
export interface Span {
  start: number;
  end: number;
}

/** What is known of a script. */
export interface Script {
  /** Its functions (`fn`), which only stand at the top level. */
  functions: Span[];
  /** Names and keywords outside of the functions. */
  words: ReadonlySet<string>;
  /** Names and keywords anywhere, except of properties. */
  allWords: ReadonlySet<string>;
  /** Names declared by `let` or `const` outside of the functions. */
  variables: ReadonlySet<string>;
}

const wordPattern = /[A-Za-z_][A-Za-z0-9_]*/y;

function afterLineComment(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

function afterBlockComment(text: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    if (text.startsWith('/*', i)) depth++;
    else if (text.startsWith('*/', i)) depth--;
    else {
      i++;
      continue;
    }
    i += 2;
    if (depth === 0) return i;
  }
  return i;
}

/** Behind a string or a character in these quotes, in which a backslash escapes. */
function afterQuoted(text: string, at: number, quote: string): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) return i + 1;
  }
  return text.length;
}

/** A string in back-ticks: where it ends, and the `${...}` in it, which hold code. Back-ticks in it are doubled. */
function readTemplate(text: string, at: number): { end: number; code: Span[] } {
  const code: Span[] = [];
  for (let i = at + 1; i < text.length; ) {
    if (text.startsWith('``', i)) i += 2;
    else if (text[i] === '`') return { end: i + 1, code };
    else if (text.startsWith('${', i)) {
      const end = afterBlock(text, i + 1);
      code.push({ start: i + 2, end: end - 1 });
      i = end;
    } else i++;
  }
  return { end: text.length, code };
}

function afterRawString(text: string, at: number): number {
  const hashes = /^#+/.exec(text.slice(at))?.[0] ?? '';
  const end = text.indexOf(`"${hashes}`, at + hashes.length + 1);
  return end === -1 ? text.length : end + hashes.length + 1;
}

/** Behind the comment, string or character that begins here, or null when none does. */
function afterOpaque(text: string, at: number): number | null {
  const c = text[at];
  if (c === '/' && text[at + 1] === '/') return afterLineComment(text, at);
  if (c === '/' && text[at + 1] === '*') return afterBlockComment(text, at);
  if (c === '"' || c === "'") return afterQuoted(text, at, c);
  if (c === '`') return readTemplate(text, at).end;
  if (c === '#' && /^#+"/.test(text.slice(at, at + 64))) return afterRawString(text, at);
  return null;
}

/** Behind the block whose opening brace is at `at`. */
function afterBlock(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; ) {
    const opaque = afterOpaque(text, i);
    if (opaque !== null) {
      i = opaque;
      continue;
    }
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i + 1;
    i++;
  }
  return text.length;
}

/** The words of a stretch of the text, also those in the code inside of back-ticked strings. */
function wordsOf(text: string, { start, end }: Span): Word[] {
  const words: Word[] = [];
  let last = '';
  for (let i = start; i < end; ) {
    if (text[i] === '`') for (const code of readTemplate(text, i).code) words.push(...wordsOf(text, code));
    const opaque = afterOpaque(text, i);
    if (opaque !== null) {
      if (text[i] !== '/') last = '"';
      i = opaque;
      continue;
    }
    wordPattern.lastIndex = i;
    const word = wordPattern.exec(text)?.[0];
    if (word !== undefined) {
      words.push({ text: word, start: i, property: last === '.' });
      last = 'a';
      i += word.length;
      continue;
    }
    const c = text[i] ?? '';
    // `..` makes a range, not a property.
    if (c.trim() !== '') last = c === '.' && text[i - 1] === '.' ? '..' : c;
    i++;
  }
  return words;
}

/** Looks through a script. */
export function readScript(text: string): Script {
  const words = wordsOf(text, { start: 0, end: text.length });
  const functions: Span[] = [];
  for (const [position, word] of words.entries()) {
    if (word.text !== 'fn' || word.property || (functions.at(-1)?.end ?? 0) > word.start) continue;
    const before = words[position - 1];
    const isPrivate = before?.text === 'private' && text.slice(before.start + 7, word.start).trim() === '';
    const open = text.indexOf('{', text.indexOf(')', word.start));
    functions.push({ start: isPrivate ? before.start : word.start, end: afterBlock(text, open) });
  }
  const inFunction = (at: number) => functions.some(({ start, end }) => start <= at && at < end);
  const own = words.filter((word) => !word.property);
  const outside = own.filter(({ start }) => !inFunction(start)).map((word) => word.text);
  return {
    functions,
    words: new Set(outside),
    allWords: new Set(own.map((word) => word.text)),
    variables: new Set(outside.filter((_, i) => ['let', 'const'].includes(outside[i - 1] ?? ''))),
  };
}
