import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { faultAt, faultBefore, jsonSource } from '../json/fault.ts';
import { displayDouble, isInteger, printValue, unexpected } from '../json/print.ts';
import { members, rawFields, skipSpace, skipString } from '../json/scan.ts';
import type { JsonFault } from '../json/validate.ts';
import { decodingFault } from './ids.ts';
import { notADocument } from './parse-document.ts';

/** Whether Meilisearch checks `_geo` under these settings: only the plain name does it, not a pattern. */
export function isGeoChecked(settings: { filterableAttributes?: unknown; sortableAttributes?: unknown }): boolean {
  return [settings.filterableAttributes, settings.sortableAttributes].some(
    (list) => Array.isArray(list) && list.includes('_geo'),
  );
}

/** The error of a task with a document that holds one of Miroir's own field names. */
export function reservedFieldError(field: string): ErrorBody {
  return new ApiError(
    'miroir_reserved_field',
    `The document field \`${field}\` is not allowed: names that begin with \`_miroir_\` are kept for Miroir.`,
  ).toBody();
}

/** The fields of a document as they will be stored (raw values), with its id as text. */
export interface StoredDocument {
  id: string;
  fields: ReadonlyMap<string, string>;
}

interface Failure {
  code: 'invalid_document_geo_field' | 'invalid_vectors_type' | 'internal';
  message: string;
  /** Whether the message comes without the index's name. */
  bare?: boolean;
}

const rustFloat = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

function isFiniteNumber(value: string): boolean {
  if (value.startsWith('"')) {
    const text = JSON.parse(value) as string;
    return rustFloat.test(text) && Number.isFinite(Number(text));
  }
  return /^[-0-9]/.test(value);
}

const geo = (message: string): Failure => ({ code: 'invalid_document_geo_field', message });

/** What is wrong with a `_geo` value, or null. */
function geoFailure({ id, fields }: StoredDocument): Failure | null {
  const value = fields.get('_geo');
  if (value === undefined || value === 'null') return null;
  const fault = decodingFault(value);
  if (fault !== null) return undecodable(fault);
  const document = `in the document with the id: \`${JSON.stringify(id)}\``;
  if (!value.startsWith('{')) {
    return geo(
      `The \`_geo\` field ${document} is not an object. Was expecting an object with the \`_geo.lat\` and \`_geo.lng\` fields but instead got \`${printValue(value)}\`.`,
    );
  }
  const { lat, lng, ...others } = Object.fromEntries(rawFields(value));
  if (lat === undefined && lng === undefined) {
    return geo(
      `Could not find latitude nor longitude ${document}. Was expecting \`_geo.lat\` and \`_geo.lng\` fields.`,
    );
  }
  if (lat === undefined) return geo(`Could not find latitude ${document}. Was expecting a \`_geo.lat\` field.`);
  if (lng === undefined) return geo(`Could not find longitude ${document}. Was expecting a \`_geo.lng\` field.`);
  const extra = Object.keys(others).sort();
  if (extra.length > 0) {
    const shown = extra.map((key) => `${JSON.stringify(key)}:${printValue(others[key] ?? '')}`);
    return geo(`The \`_geo\` field ${document} contains the following unexpected fields: \`{${shown.join(',')}}\`.`);
  }
  const bad = [isFiniteNumber(lat) ? null : lat, isFiniteNumber(lng) ? null : lng];
  if (bad[0] !== null && bad[1] !== null) {
    return geo(
      `Could not parse latitude nor longitude ${document}. Was expecting finite numbers but instead got \`${printValue(lat)}\` and \`${printValue(lng)}\`.`,
    );
  }
  if (bad[0] === null && bad[1] === null) return null;
  const [name, got] = bad[0] !== null ? ['latitude', lat] : ['longitude', lng];
  return geo(
    `Could not parse ${name} ${document}. Was expecting a finite number but instead got \`${printValue(got)}\`.`,
  );
}

/** What one embedder's entry of `_vectors` is called when it has the wrong type. */
function describeScalar(value: string): string {
  if (value.startsWith('"')) return `string \`${JSON.parse(value) as string}\``;
  if (value === 'true' || value === 'false') return `boolean \`${value}\``;
  return isInteger(value) ? `integer \`${value}\`` : `number \`${displayDouble(Number(value))}\``;
}

/** What is wrong with an embedder's entry that is an object, or null. */
function vectorObjectFailure(path: string, value: string): string | null {
  const stop = (offset: number): string =>
    `Could not parse \`${path}\`: ${faultBefore(jsonSource(value), offset, 'trailing characters').message}`;
  let regenerate = false;
  for (const m of members(value)) {
    const text = value.slice(m.valueStart, m.valueEnd);
    if (m.key === 'regenerate') {
      regenerate = true;
      if (text === 'true' || text === 'false') continue;
      if (text.startsWith('{') || text.startsWith('[')) return stop(m.valueStart);
      const type = `invalid type: ${unexpected(text)}, expected a boolean`;
      return `Could not parse \`${path}.regenerate\`: ${faultAt(jsonSource(value), m.valueEnd, type).message}`;
    }
    if (m.key !== 'embeddings') return stop(skipSpace(value, skipString(value, m.keyStart)));
  }
  if (regenerate) return null;
  return `Missing field \`${path}.regenerate\`\n  - note: \`${path}\` must be an array of floats, an array of arrays of floats, or an object with field \`regenerate\``;
}

/** What is wrong with an embedder's entry whatever the index's embedders are, or null. */
function vectorEntryFailure(embedder: string, value: string): string | null {
  const path = `._vectors.${embedder}`;
  if (value === 'null' || value.startsWith('[')) return null;
  if (value.startsWith('{')) return vectorObjectFailure(path, value);
  const fault = decodingFault(value);
  if (fault !== null) return `Could not parse \`${path}\`: ${fault.message}`;
  return `Expected \`${path}\` to be an array of floats, an array of arrays of floats, or an object with at least the field \`regenerate\`, but got the ${describeScalar(value)}`;
}

/** What is wrong with `_vectors` whatever the index's embedders are, or null. */
function vectorsFailure({ id, fields }: StoredDocument): Failure | null {
  const value = fields.get('_vectors');
  if (value === undefined) return null;
  const type = notADocument(jsonSource(value), 0, value.length, true);
  if (type !== null) return { code: 'internal', message: type.message };
  for (const [embedder, entry] of rawFields(value)) {
    const message = vectorEntryFailure(embedder, entry);
    if (message === null) continue;
    return {
      code: 'invalid_vectors_type',
      message: `Bad embedder configuration in the document with id: \`${id}\`. ${message}`,
    };
  }
  return null;
}

const undecodable = (fault: JsonFault): Failure => ({ code: 'internal', message: `internal: ${fault.message}.` });

/** How Meilisearch reports that it stumbled on a value while it read embeddings. */
const vectorsCrash: Failure = {
  code: 'internal',
  message:
    'An unexpected crash occurred when processing the task: called `Result::unwrap()` on an `Err` value: Any { .. }',
  bare: true,
};

/** The first value that cannot be decoded: a number beyond doubles, half a surrogate pair, nesting of more than 127. */
function valueFailure({ fields }: StoredDocument): Failure | null {
  for (const [name, value] of fields) {
    const fault = decodingFault(value);
    if (fault !== null) return name === '_vectors' ? vectorsCrash : undecodable(fault);
  }
  return null;
}

/**
 * The error with which Meilisearch fails a whole task because of its documents' contents, or null. Documents are given as
 * they will be stored, in the order of their first (PUT) or last (POST) version in the payload; Meilisearch goes over all of them for one kind of fault after the other.
 */
export function contentError(
  documents: readonly StoredDocument[],
  geoEnabled: boolean,
  indexUid: string,
): ErrorBody | null {
  const stages = [vectorsFailure, ...(geoEnabled ? [geoFailure] : []), valueFailure];
  for (const stage of stages) {
    for (const document of documents) {
      const failure = stage(document);
      if (failure === null) continue;
      const message = failure.bare === true ? failure.message : `Index \`${indexUid}\`: ${failure.message}`;
      return new ApiError(failure.code, message).toBody();
    }
  }
  return null;
}
