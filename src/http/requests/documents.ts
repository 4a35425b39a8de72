import { ApiError } from '../../errors/api-error.ts';
import { parseFilter } from '../../search/filter/parse.ts';
import { FilterProblem } from '../../search/filter/problem.ts';
import type { DocumentsQuery } from '../../search/query.ts';
import { type Cursor, child, type Parser } from '../../validation/cursor.ts';
import { quoted } from '../../validation/kinds.ts';
import { invalidValue, wrongType } from '../../validation/messages.ts';
import { object, optional, required } from '../../validation/object.ts';
import { booleanText, integerText, list } from '../../validation/query-values.ts';
import { any, arrayOf, boolean, integer, nullable, refine, string } from '../../validation/values.ts';
import { filterText } from './filter-text.ts';
import { checkSort, sortText } from './sort.ts';

const DEFAULT_LIMIT = 20;
const MAX_ID_BYTES = 511;

function isDocumentId(value: unknown): value is string | number {
  if (typeof value === 'string') return new RegExp(`^[A-Za-z0-9_-]{1,${MAX_ID_BYTES}}$`).test(value);
  return false;
}

function invalidId(position: number, shown: string): ApiError {
  return new ApiError(
    'invalid_document_ids',
    `In \`.ids[${position}]\`: Document identifier \`${shown}\` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than ${MAX_ID_BYTES} bytes.`,
  );
}

interface RawId {
  text: string;
  /** As messages quote it. */
  shown: string;
  valid: boolean;
}

function rawId(at: Cursor): RawId {
  const shown = quoted(at);
  if (typeof at.value === 'number' && /^-?\d+$/.test(shown)) return { text: shown, shown, valid: true };
  return { text: String(at.value), shown, valid: isDocumentId(at.value) };
}

const rawIds: Parser<RawId[]> = (at) => {
  if (!Array.isArray(at.value)) throw wrongType(at, ['array']);
  return at.value.map((value: unknown, i) => rawId(child(at, i, value)));
};

/** The body of `POST /documents/fetch`, before `toDocumentsQuery`. */
export const fetchBody = object({
  offset: optional(integer(), 'invalid_document_offset', 0),
  limit: optional(integer(), 'invalid_document_limit', DEFAULT_LIMIT),
  fields: optional(nullable(arrayOf(string)), 'invalid_document_fields', null),
  retrieveVectors: optional(boolean, 'invalid_document_retrieve_vectors', false),
  ids: optional(nullable(rawIds), 'invalid_document_ids', null),
  filter: optional(any, 'invalid_document_filter', null),
  sort: optional(nullable(arrayOf(string)), 'invalid_document_sort', null),
});

/** The parameters of `GET /documents`, before `toDocumentsQuery`. */
export const listParameters = object({
  offset: optional(integerText(), 'invalid_document_offset', 0),
  limit: optional(integerText(), 'invalid_document_limit', DEFAULT_LIMIT),
  fields: optional(list(string), 'invalid_document_fields', null),
  retrieveVectors: optional(booleanText, 'invalid_document_retrieve_vectors', false),
  ids: optional(
    list<RawId>((at) => ({
      text: String(at.value),
      shown: JSON.stringify(at.value),
      valid: isDocumentId(at.value),
    })),
    'invalid_document_ids',
    null,
  ),
  filter: optional(refine(string, filterText), 'invalid_document_filter', null),
  sort: optional(refine(string, sortText), 'invalid_document_sort', null),
});

/** The query of a listing; throws for bad ids and sort expressions, which the real server judges before the index. */
export function toDocumentsQuery(
  parsed: ReturnType<typeof fetchBody> | ReturnType<typeof listParameters>,
): DocumentsQuery {
  for (const [i, id] of (parsed.ids ?? []).entries()) if (!id.valid) throw invalidId(i, id.shown);
  checkSort(parsed.sort, 'invalid_document_sort');
  const all = parsed.fields?.includes('*') === true;
  return { ...parsed, fields: all ? null : parsed.fields, ids: parsed.ids?.map((id) => id.text) ?? null };
}

/** The parameters of `GET /documents/{id}`. */
export const getParameters = object({
  fields: optional(list(string), 'invalid_document_fields', null),
  retrieveVectors: optional(booleanText, 'invalid_document_retrieve_vectors', false),
});

const delimiter: Parser<string> = refine(string, (text, at) => {
  const characters = [...text];
  if (characters.length === 1) return text;
  const found =
    characters.length === 0
      ? 'an empty string'
      : `the following string of ${characters.length} characters: \`${text}\``;
  throw invalidValue(at, `expected a string of one character, but found ${found}`);
});

/** The parameters of `POST` and `PUT /documents`. */
export const addParameters = object({
  primaryKey: optional(string, 'invalid_index_primary_key', null),
  csvDelimiter: optional(delimiter, 'invalid_document_csv_delimiter', null),
});

/** Refuses a delimiter that CSV cannot have. */
export function checkDelimiter(character: string | null): void {
  if (character === null || character.charCodeAt(0) < 0x80) return;
  throw new ApiError(
    'invalid_document_csv_delimiter',
    `csv delimiter must be an ascii character. Found: \`${character}\``,
  );
}

function wrongForm(at: Cursor, expected: string): ApiError {
  return new ApiError(
    'invalid_document_filter',
    `Invalid syntax for the filter parameter: \`expected ${expected}, found: ${quoted(at)}\`.`,
  );
}

/** What is wrong with the form of a filter, quoted as it was sent; null when it is an expression or lists of them. */
function formProblem(at: Cursor): ApiError | null {
  if (typeof at.value === 'string') return null;
  if (!Array.isArray(at.value)) return wrongForm(at, 'String, Array');
  for (const [i, item] of (at.value as unknown[]).entries()) {
    if (typeof item === 'string') continue;
    const inner = child(at, i, item);
    if (!Array.isArray(item)) return wrongForm(inner, 'String, [String]');
    const odd = item.findIndex((each) => typeof each !== 'string');
    if (odd !== -1) return wrongForm(child(inner, odd, item[odd]), 'String');
  }
  return null;
}

const deletionFilter: Parser<{ value: unknown; problem: ApiError | null }> = (at) => ({
  value: at.value,
  problem: formProblem(at),
});

/** The body of `POST /documents/delete`; `checkDeletionFilter` judges the filter once the path is judged. */
export const deleteByFilterBody = object({
  filter: required(deletionFilter, 'invalid_document_filter', 'missing_document_filter'),
});

/** Refuses a filter by its form and syntax, and one that would delete everything; gives back the filter. */
export function checkDeletionFilter({ value, problem }: { value: unknown; problem: ApiError | null }): unknown {
  if (problem !== null) throw problem;
  if (isEmptyFilter(value)) {
    throw new ApiError('invalid_document_filter', 'Sending an empty filter is forbidden.');
  }
  return value;
}

function isEmptyFilter(filter: unknown): boolean {
  try {
    return parseFilter(filter) === null;
  } catch (error) {
    if (!(error instanceof FilterProblem)) throw error;
    throw new ApiError('invalid_document_filter', error.message);
  }
}
