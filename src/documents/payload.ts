import { ApiError } from '../errors/api-error.ts';
import { parseCsvDocuments } from './parse-csv.ts';
import { parseJsonDocuments } from './parse-json.ts';
import { parseNdjsonDocuments } from './parse-ndjson.ts';
import { missingPayload, type PayloadFormat } from './payload-errors.ts';
import type { Work } from './turns.ts';

/** The text of one document, from its first to its last brace, as the client wrote it (for CSV: as written for it). */
export type RawDocument = string;

/** A payload that has been read. */
export interface ParsedPayload {
  format: PayloadFormat;
  documents: RawDocument[];
}

/**
 * Read a payload of documents, already decompressed. Throws `ApiError` with Meilisearch's own message (`missing_payload`,
 * `malformed_payload`, `internal` for elements that are no objects), before any task exists.
 */
export function* parsePayload(payload: {
  format: PayloadFormat;
  body: Buffer;
  csvDelimiter: string | null;
}): Work<ParsedPayload> {
  const { format, body, csvDelimiter } = payload;
  if (body.length === 0) throw missingPayload(format);
  if (format === 'csv') return { format, documents: yield* parseCsvDocuments(body, csvDelimiter ?? ',') };
  return { format, documents: yield* format === 'json' ? parseJsonDocuments(body) : parseNdjsonDocuments(body) };
}

/** Check the `csvDelimiter` parameter of a documents route, decoded; null when it was not sent. `contentType` without its parameters. */
export function checkCsvDelimiter(value: string | null, format: PayloadFormat, contentType: string): string | null {
  if (value === null) return null;
  const refuse = (message: string): ApiError => new ApiError('invalid_document_csv_delimiter', message);
  const characters = [...value];
  if (characters.length !== 1) {
    const found =
      characters.length === 0
        ? 'an empty string'
        : `the following string of ${characters.length} characters: \`${value}\``;
    throw refuse(`Invalid value in parameter \`csvDelimiter\`: expected a string of one character, but found ${found}`);
  }
  if (format !== 'csv') {
    throw new ApiError(
      'invalid_content_type',
      `The Content-Type \`${contentType}\` does not support the use of a csv delimiter. The csv delimiter can only be used with the Content-Type \`text/csv\`.`,
    );
  }
  if (value.charCodeAt(0) > 0x7f) throw refuse(`csv delimiter must be an ascii character. Found: \`${value}\``);
  return value;
}
