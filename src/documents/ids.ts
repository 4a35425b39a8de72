import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { faultBefore, jsonSource } from '../json/fault.ts';
import { isInteger, printValue, rustDebug } from '../json/print.ts';
import { joinFields, members, rawFields, skipSpace } from '../json/scan.ts';
import { reasons } from '../json/strings.ts';
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

/** What ends the search for a nested id early. `torn`: it came from within an object, whose rest was then not read. */
interface Stop {
  result: IdResult;
  torn: boolean;
}

/** The search for the one value that a dotted primary key leads to; only objects are entered, duplicate keys count each. */
class NestedSearch {
  found: IdResult | null = null;
  readonly #raw: RawDocument;
  readonly #primaryKey: string;

  constructor(raw: RawDocument, primaryKey: string) {
    this.#raw = raw;
    this.#primaryKey = primaryKey;
  }

  /** Follow the rest of the name into the value at `start`; a stop is the error of a second or a bad id. */
  follow(text: string, start: number, end: number, rest: string): Stop | null {
    if (rest === '') return this.#take(text.slice(start, end));
    if (text.charCodeAt(start) !== 0x7b) return null;
    const cuts = new Map(splits(rest));
    for (const m of members(text, start)) {
      const next = cuts.get(m.key);
      const stop = next === undefined ? null : this.follow(text, m.valueStart, m.valueEnd, next);
      // A torn object further in is passed over, as if the name had not led there.
      if (stop !== null && !stop.torn) return tearAt(text, skipSpace(text, m.valueEnd), stop);
    }
    return null;
  }

  #take(value: string): Stop | null {
    const result = readId(value);
    if (!result.ok) return { result, torn: false };
    if (this.found === null) {
      this.found = result;
      return null;
    }
    const what = `Document have too many matching \`${this.#primaryKey}\` attribute`;
    return { result: failWithDocument('invalid_document_id', what, this.#raw), torn: false };
  }
}

/** Meilisearch reports an object that it stopped reading as torn, unless the id was its last member. */
function tearAt(text: string, next: number, stop: Stop): Stop {
  if (text.charCodeAt(next) !== 0x2c) return stop;
  return { result: fail('internal', faultBefore(jsonSource(text), next, reasons.trailingComma).message), torn: true };
}

function nestedId(raw: RawDocument, primaryKey: string): IdResult {
  const search = new NestedSearch(raw, primaryKey);
  const cuts = new Map(splits(primaryKey));
  for (const [key, value] of rawFields(raw)) {
    const rest = cuts.get(key);
    const stop = rest === undefined ? null : search.follow(value, 0, value.length, rest);
    if (stop !== null) return stop.result;
  }
  return search.found ?? missingId(raw, primaryKey);
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
