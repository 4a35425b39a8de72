import { ApiError } from '../errors/api-error.ts';

const JSON_TYPES = ['application/json'];
const DOCUMENT_TYPES = ['application/json', 'application/x-ndjson', 'text/csv'];

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const mediaType = new RegExp(
  `^\\s*(${token})/(${token})((?:\\s*;\\s*${token}=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))*)\\s*;?\\s*$`,
);

interface MediaType {
  type: string;
  /** Without the `+suffix`. */
  subtype: string;
  suffix: string | null;
}

function parseMediaType(header: string): MediaType | null {
  const match = mediaType.exec(header);
  if (match === null) return null;
  const [full = '', type = '', subtype = ''] = match.map((part) => part?.toLowerCase());
  if (full === '') return null;
  const plus = subtype.lastIndexOf('+');
  return plus === -1
    ? { type, subtype, suffix: null }
    : { type, subtype: subtype.slice(0, plus), suffix: subtype.slice(plus + 1) };
}

const accepted = (types: readonly string[]) =>
  `Accepted values for the Content-Type header are: ${types.map((type) => `\`${type}\``).join(', ')}`;

function missing(types: readonly string[]): ApiError {
  return new ApiError('missing_content_type', `A Content-Type header is missing. ${accepted(types)}`);
}

function invalid(found: string, types: readonly string[]): ApiError {
  return new ApiError('invalid_content_type', `The Content-Type \`${found}\` is invalid. ${accepted(types)}`);
}

/** Throws unless the header names JSON (any type with that subtype or suffix, as the real server takes it). */
export function requireJson(header: string | undefined): void {
  if (header === undefined || header === '') throw missing(JSON_TYPES);
  const media = parseMediaType(header);
  if (media !== null && (media.subtype === 'json' || media.suffix === 'json')) return;
  throw invalid(header, JSON_TYPES);
}

/** The format of a document payload, or the refusal of its content type. */
export function documentFormat(header: string | undefined, csvDelimiter: string | null): 'json' | 'ndjson' | 'csv' {
  if (header === undefined || header === '') throw missing(DOCUMENT_TYPES);
  const media = parseMediaType(header);
  if (media === null) throw invalid(header, DOCUMENT_TYPES);
  const name = `${media.type}/${media.subtype}`;
  if (name === 'text/csv') return 'csv';
  if (!DOCUMENT_TYPES.includes(name) || media.suffix !== null) throw invalid(name, DOCUMENT_TYPES);
  if (csvDelimiter !== null) {
    throw new ApiError(
      'invalid_content_type',
      `The Content-Type \`${name}\` does not support the use of a csv delimiter. The csv delimiter can only be used with the Content-Type \`text/csv\`.`,
    );
  }
  return name === 'application/json' ? 'json' : 'ndjson';
}
