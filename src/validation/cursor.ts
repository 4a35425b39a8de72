import type { ErrorCode } from '../errors/codes.ts';
import { elements, rawFields } from '../json/scan.ts';

/** Where a value stands: object keys and array positions from the root. */
export type Path = readonly (string | number)[];

/** What a value came from: a JSON body (with its text, so that messages quote it as sent) or a query string. */
export type Source = { readonly format: 'json'; readonly text: string | null } | { readonly format: 'query' };

/** A value under inspection. `code` is the error code of the field it belongs to. */
export interface Cursor {
  readonly value: unknown;
  readonly path: Path;
  readonly code: ErrorCode;
  readonly source: Source;
}

/** Reads a value into `T`, or throws `ApiError` with the message of Meilisearch's own deserialiser. */
export type Parser<T> = (at: Cursor) => T;

/** The cursor of a member or an element; `code` when the field has its own. */
export function child(at: Cursor, key: string | number, value: unknown, code: ErrorCode = at.code): Cursor {
  return { value, path: [...at.path, key], code, source: at.source };
}

/** The cursor with another value in the same place, for parsers that unwrap. */
export function withValue(at: Cursor, value: unknown): Cursor {
  return { ...at, value };
}

/** The JSON text of the value as sent, or null when the text is not known. */
export function rawText(at: Cursor): string | null {
  if (at.source.format !== 'json' || at.source.text === null) return null;
  let text: string | undefined = at.source.text;
  for (const step of at.path) {
    text = typeof step === 'number' ? elements(text)[step] : rawFields(text).get(step);
    if (text === undefined) return null;
  }
  return text;
}

/** Reads a JSON body. `value` is `text` parsed; `text` is only used in messages and to tell `1` from `1.0`. */
export function readJson<T>(parse: Parser<T>, value: unknown, text: string | null = null): T {
  return parse({ value, path: [], code: 'bad_request', source: { format: 'json', text: text?.trim() ?? null } });
}

/** Reads the parameters of a query string (`parseQueryString`). */
export function readQuery<T>(parse: Parser<T>, parameters: Record<string, string>): T {
  return parse({ value: parameters, path: [], code: 'bad_request', source: { format: 'query' } });
}
