import { isInteger, printValue } from '../json/print.ts';
import { elements } from '../json/scan.ts';
import { decodingFault } from './ids.ts';

/** What the value of an embedding comes to: the length of each embedding, or what Meilisearch finds wrong with it. */
export type EmbeddingValue =
  | { kind: 'embeddings'; lengths: number[] }
  | { kind: 'fault'; text: string }
  | { kind: 'crash' };

/** What only numbers, commas and white space hold between brackets. */
const plain = /[^-+.0-9eE,\s]/;

/** Length of an embedding's text between its brackets when it is well-formed numbers; null when it has to be looked at. */
function plainLength(inside: string): number | null {
  if (plain.test(inside)) return null;
  if (inside.trim() === '') return 0;
  let length = 1;
  for (let comma = inside.indexOf(','); comma !== -1; comma = inside.indexOf(',', comma + 1)) length++;
  return length;
}

/** What a JSON value is called in messages about types. */
function describe(value: string): string {
  const c = value.charAt(0);
  if (c === 'n') return 'null';
  const shown = `: \`${printValue(value)}\``;
  if (c === '[') return `an array${shown}`;
  if (c === '"') return `a string${shown}`;
  if (c === 't' || c === 'f') return `a boolean${shown}`;
  if (!isInteger(value)) return `a number${shown}`;
  return c === '-' ? `a negative integer${shown}` : `a positive integer${shown}`;
}

const isNumber = (value: string) => /^[-0-9]/.test(value);

function wrong(path: string, expected: string, value: string): EmbeddingValue {
  return {
    kind: 'fault',
    text: `Invalid value type at \`${path}\`: expected ${expected}, but found ${describe(value)}`,
  };
}

/** The first element that is no number. */
function oddNumber(path: string, list: readonly string[]): EmbeddingValue | null {
  const at = list.findIndex((element) => !isNumber(element));
  return at === -1 ? null : wrong(`${path}[${at}]`, 'a number', list[at] ?? '');
}

/** One element after the other, for exact words; the first decides whether this is one embedding or a list of them. */
function readElements(path: string, text: string): EmbeddingValue {
  // Meilisearch gives up on a value that holds an object, or that cannot be decoded.
  if (/\{/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')) || decodingFault(text) !== null) return { kind: 'crash' };
  const list = elements(text);
  const first = list[0];
  if (first === undefined) return { kind: 'embeddings', lengths: [] };
  if (isNumber(first)) return oddNumber(path, list) ?? { kind: 'embeddings', lengths: [list.length] };
  if (!first.startsWith('[')) return wrong(`${path}[0]`, 'a number or an array', first);
  const lengths: number[] = [];
  for (const [i, element] of list.entries()) {
    if (!element.startsWith('[')) return wrong(`${path}[${i}]`, 'an array', element);
    const inner = elements(element);
    const odd = oddNumber(`${path}[${i}]`, inner);
    if (odd !== null) return odd;
    lengths.push(inner.length);
  }
  return { kind: 'embeddings', lengths };
}

/** Numbers of the array's text all well within doubles, read without taking it apart; null when it must be. */
function readPlain(text: string): EmbeddingValue | null {
  const inside = text.slice(1, -1);
  if (!inside.includes('[')) {
    const length = plainLength(inside);
    if (length === null) return null;
    return { kind: 'embeddings', lengths: length === 0 ? [] : [length] };
  }
  const parts = inside.split(']');
  if (parts.pop()?.trim() !== '') return null;
  const lengths: number[] = [];
  for (const [i, part] of parts.entries()) {
    const open = part.indexOf('[');
    if (open === -1 || part.slice(0, open).trim() !== (i === 0 ? '' : ',')) return null;
    const length = plainLength(part.slice(open + 1));
    if (length === null) return null;
    lengths.push(length);
  }
  return { kind: 'embeddings', lengths };
}

/**
 * Reads an array of embeddings (or one embedding) as raw JSON text; `odd`: it may hold what cannot be decoded. `path` is
 * where it stands, for messages.
 */
export function readEmbeddings(path: string, text: string, odd: boolean): EmbeddingValue {
  return (odd ? null : readPlain(text)) ?? readElements(path, text);
}

/** Reads the value of `embeddings` in an embedder's object; null counts as not given. */
export function readEmbeddingsField(path: string, text: string, odd: boolean): EmbeddingValue | null {
  if (text === 'null') return null;
  if (text.startsWith('[')) return readEmbeddings(path, text, odd);
  if (text.startsWith('{') || decodingFault(text) !== null) return { kind: 'crash' };
  return wrong(path, 'null or an array', text);
}
