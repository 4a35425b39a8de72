import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { printValue } from '../json/print.ts';
import { joinFields, rawFields } from '../json/scan.ts';
import type { JsonFault } from '../json/validate.ts';
import { checkEmbeddings, type DocumentEmbedder, type StoredVectors } from './check-embeddings.ts';
import { vectorsCrash, vectorsFailure } from './check-vectors.ts';
import { decodingFault } from './ids.ts';
import type { Work } from './turns.ts';

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
  /** Whether a value may be one that cannot be decoded: a number beyond doubles, half a surrogate pair, deep nesting. */
  odd: boolean;
}

/** Why Meilisearch fails a whole task over one of its documents. */
export interface ContentFailure {
  code:
    | 'invalid_document_geo_field'
    | 'invalid_vectors_type'
    | 'invalid_vector_dimensions'
    | 'vector_embedding_error'
    | 'internal';
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

const geo = (message: string): ContentFailure => ({ code: 'invalid_document_geo_field', message });

/** What is wrong with a `_geo` value, or null. */
function geoFailure({ id, fields }: StoredDocument): ContentFailure | null {
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

const undecodable = (fault: JsonFault): ContentFailure => ({
  code: 'internal',
  message: `internal: ${fault.message}.`,
});

/** The part of `_vectors` that no embedder of the index reads. */
function unreadVectors(vectors: string, embedders: readonly DocumentEmbedder[]): string {
  const known = new Set(embedders.map(({ name }) => name));
  return joinFields([...rawFields(vectors)].filter(([name]) => !known.has(name)));
}

/** The first value that cannot be decoded: a number beyond doubles, half a surrogate pair, nesting of more than 127. */
function valueFailure({ fields, odd }: StoredDocument, embedders: readonly DocumentEmbedder[]): ContentFailure | null {
  if (!odd) return null;
  for (const [name, value] of fields) {
    const vectors = name === '_vectors';
    const fault = decodingFault(vectors && embedders.length > 0 ? unreadVectors(value, embedders) : value);
    if (fault !== null) return vectors ? vectorsCrash : undecodable(fault);
  }
  return null;
}

/** What documents are judged by. */
export interface ContentRules {
  /** Whether `_geo` is checked, see `isGeoChecked`. */
  geoEnabled: boolean;
  embedders: readonly DocumentEmbedder[];
  /** Null while the index has not been asked, see `checkEmbeddings`. */
  stored: StoredVectors | null;
  indexUid: string;
}

/** The verdict on the contents of a batch. */
export interface ContentVerdict {
  error: ErrorBody | null;
  /** Ids of the documents that the index has to be asked for first, see `checkEmbeddings`. */
  doubtful: ReadonlySet<string>;
}

function* firstFailure(
  documents: readonly StoredDocument[],
  stages: readonly ((document: StoredDocument) => ContentFailure | null)[],
): Work<ContentFailure | null> {
  for (const stage of stages) {
    for (const document of documents) {
      const failure = stage(document);
      if (failure !== null) return failure;
      yield;
    }
  }
  return null;
}

/**
 * The error with which Meilisearch fails a whole task because of its documents' contents, if any. Documents are given as
 * they will be stored, in the order of their first (PUT) or last (POST) version in the payload; Meilisearch goes over all
 * of them for one kind of fault after the other.
 */
export function* checkContents(documents: readonly StoredDocument[], rules: ContentRules): Work<ContentVerdict> {
  const { geoEnabled, embedders, stored, indexUid } = rules;
  const values = (document: StoredDocument) => valueFailure(document, embedders);
  const early = yield* firstFailure(documents, [vectorsFailure, ...(geoEnabled ? [geoFailure] : []), values]);
  const { failure, doubtful } =
    early === null
      ? yield* checkEmbeddings(documents, embedders, stored)
      : { failure: early, doubtful: new Set<string>() };
  if (failure === null) return { error: null, doubtful };
  const message = failure.bare === true ? failure.message : `Index \`${indexUid}\`: ${failure.message}`;
  return { error: new ApiError(failure.code, message).toBody(), doubtful };
}
