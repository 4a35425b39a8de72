import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { faultBefore, jsonSource } from '../json/fault.ts';
import { isInteger, printValue, unexpected } from '../json/print.ts';
import { members, rawFields } from '../json/scan.ts';
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

type Failure = { code: 'invalid_document_geo_field' | 'invalid_vectors_type' | 'internal'; message: string };

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
  return isInteger(value) ? `integer \`${value}\`` : `number \`${printValue(value)}\``;
}

/** What is wrong with an embedder's entry whatever the index's embedders are, or null. */
function vectorEntryFailure(embedder: string, value: string): string | null {
  const path = `\`._vectors.${embedder}\``;
  if (value === 'null' || value.startsWith('[')) return null;
  if (!value.startsWith('{')) {
    return `Expected ${path} to be an array of floats, an array of arrays of floats, or an object with at least the field \`regenerate\`, but got the ${describeScalar(value)}`;
  }
  const source = jsonSource(value);
  let regenerate = false;
  for (const m of members(value)) {
    const text = value.slice(m.valueStart, m.valueEnd);
    if (m.key === 'regenerate') {
      regenerate = true;
      if (text === 'true' || text === 'false') continue;
      const read = text.startsWith('{') || text.startsWith('[') ? m.valueStart - 1 : m.valueEnd - 1;
      const { line, column } = faultBefore(source, read, '');
      return `Could not parse \`._vectors.${embedder}.regenerate\`: invalid type: ${unexpected(text)}, expected a boolean at line ${line} column ${column}`;
    }
    if (m.key === 'embeddings') continue;
    const keyEnd = m.keyStart + JSON.stringify(m.key).length;
    return `Could not parse ${path}: ${faultBefore(source, keyEnd, 'trailing characters').message}`;
  }
  if (regenerate) return null;
  return `Missing field \`._vectors.${embedder}.regenerate\`\n  - note: ${path} must be an array of floats, an array of arrays of floats, or an object with field \`regenerate\``;
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

/** The first value that cannot be decoded: a number beyond doubles, half a surrogate pair, nesting of more than 127. */
function valueFailure({ fields }: StoredDocument): Failure | null {
  for (const value of fields.values()) {
    const fault = decodingFault(value);
    if (fault !== null) return undecodable(fault);
  }
  return null;
}

/**
 * The error with which Meilisearch fails a whole task because of its documents' contents, or null. Documents are given as
 * they will be stored, in payload order; Meilisearch goes over all of them for one kind of fault after the other.
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
      if (failure !== null) return new ApiError(failure.code, `Index \`${indexUid}\`: ${failure.message}`).toBody();
    }
  }
  return null;
}
