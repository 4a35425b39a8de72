import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { jsonSource } from '../json/fault.ts';
import { isInteger, printValue, rustDebug } from '../json/print.ts';
import { joinFields, members, rawFields } from '../json/scan.ts';
import { checkText, type JsonFault } from '../json/validate.ts';
import { type Span, valueText } from './fields.ts';
import type { RawDocument } from './payload.ts';

/** A document's id as text, or the error its whole task fails with. */
export type IdResult = { ok: true; id: string } | { ok: false; error: ErrorBody };

const validId = /^[A-Za-z0-9_-]{1,511}$/;

function fail(code: 'invalid_document_id' | 'missing_document_id' | 'internal', message: string): IdResult {
  return { ok: false, error: new ApiError(code, message).toBody() };
}

/** What decoding a value that was only skipped over so far would stumble on, or null. */
export function decodingFault(text: string): JsonFault | null {
  try {
    checkText(jsonSource(text));
    return null;
  } catch (fault) {
    return fault as JsonFault;
  }
}

/** Meilisearch decodes ids and documents to be printed without expecting a fault, and reports the crash. */
function crash(fault: JsonFault): IdResult {
  const debug = `Error(${rustDebug(fault.reason)}, line: ${fault.line}, column: ${fault.column})`;
  return fail(
    'internal',
    `An unexpected crash occurred when processing the task: called \`Result::unwrap()\` on an \`Err\` value: ${debug}`,
  );
}

/** The error that shows the whole document. */
function failWithDocument(
  code: 'invalid_document_id' | 'missing_document_id',
  what: string,
  raw: RawDocument,
): IdResult {
  const fault = decodingFault(joinFields(rawFields(raw)));
  return fault === null ? fail(code, `${what}: \`${printValue(raw)}\`.`) : crash(fault);
}

function invalidId(value: string): IdResult {
  return fail(
    'invalid_document_id',
    `Document identifier \`${printValue(value)}\` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than 511 bytes.`,
  );
}

/** The id that a primary key's value stands for. */
function readId(value: string): IdResult {
  if (validId.test(value) && isInteger(value)) return { ok: true, id: String(BigInt(value)) };
  if (value.startsWith('"') && validId.test(value.slice(1, -1))) return { ok: true, id: value.slice(1, -1) };
  const fault = decodingFault(value);
  if (fault !== null) return crash(fault);
  if (value.startsWith('"')) {
    const id = JSON.parse(value) as string;
    if (validId.test(id)) return { ok: true, id };
  }
  return invalidId(value);
}

/** The ways to cut a dotted name in two: `a.b.c` is a key itself, or `c` in `a.b`, or `b.c` in `a`. */
function splits(name: string): [string, string][] {
  const cuts: [string, string][] = [[name, '']];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    cuts.push([name.slice(0, dot), name.slice(dot + 1)]);
  }
  return cuts;
}

/** All values that a dotted name leads to; only objects are entered, and duplicate keys count each. */
function leadsTo(value: string, name: string): string[] {
  if (name === '') return [value];
  if (!value.startsWith('{')) return [];
  const cuts = new Map(splits(name));
  return members(value).flatMap((m) => {
    const rest = cuts.get(m.key);
    return rest === undefined ? [] : leadsTo(value.slice(m.valueStart, m.valueEnd), rest);
  });
}

function nestedId(raw: RawDocument, primaryKey: string): IdResult {
  const fields = rawFields(raw);
  const values = splits(primaryKey).flatMap(([key, rest]) => {
    const value = fields.get(key);
    return value === undefined ? [] : leadsTo(value, rest);
  });
  const [value, second] = values;
  if (value === undefined) return missingId(raw, primaryKey);
  if (second === undefined) return readId(value);
  return failWithDocument('invalid_document_id', `Document have too many matching \`${primaryKey}\` attribute`, raw);
}

function missingId(raw: RawDocument, primaryKey: string): IdResult {
  return failWithDocument('missing_document_id', `Document doesn't have a \`${primaryKey}\` attribute`, raw);
}

/**
 * The id of a document as text (`1` and `"1"` are the same). `top` is the value of the top-level member of the primary
 * key's name, if any; a dotted primary key is also looked for inside objects.
 */
export function documentId(raw: RawDocument, primaryKey: string, top: Span | null): IdResult {
  if (primaryKey.includes('.')) return nestedId(raw, primaryKey);
  return top === null ? missingId(raw, primaryKey) : readId(valueText(raw, top));
}
