import type { ErrorBody } from '../errors/api-error.ts';
import { rawFields } from '../json/scan.ts';
import type { DocumentEmbedder, StoredVectors } from './check-embeddings.ts';
import { checkContents, reservedFieldError, type StoredDocument } from './checks.ts';
import { type DocumentFields, scanDocument } from './fields.ts';
import { documentId } from './ids.ts';
import type { RawDocument } from './payload.ts';
import type { PayloadFormat } from './payload-errors.ts';
import { resolvePrimaryKey } from './primary-key.ts';
import { Stretch, type Work } from './turns.ts';

/** A batch of documents and what it is judged by. */
export interface BatchRequest {
  documents: readonly RawDocument[];
  /** The index's primary key once all accepted tasks have ended. */
  primaryKey: string | null;
  /** The `primaryKey` parameter. */
  requestedPrimaryKey: string | null;
  /** Whether `_geo` is checked, see `isGeoChecked`. */
  geoEnabled: boolean;
  /** The index's embedders; none when absent. */
  embedders?: readonly DocumentEmbedder[];
  /** What the index holds of documents without vectors; when absent they pass, and are named as doubtful. */
  stored?: StoredVectors;
  /** As clients call the index; some messages name it. */
  indexUid: string;
  /** POST replaces (the default), PUT updates: then a document's fields are those of all its versions in the batch. */
  mode?: 'replace' | 'update';
  /** With `ndjson` an empty batch leaves the primary key alone, with the others it sets the requested one. */
  format?: PayloadFormat;
}

/** The fate of a batch, decided before any node is touched. */
export type BatchResult = {
  /** Ids of documents without vectors: the fate is certain once `stored` tells what the index holds of them. */
  doubtful: ReadonlySet<string>;
} & (
  | {
      ok: true;
      /** The index's primary key after the batch; null while unknown (an empty batch). */
      primaryKey: string | null;
      /** Each document's id as text. */
      ids: string[];
      /** Documents that the batch writes: the same id counts once. */
      distinctIds: number;
      /** Documents in the payload. */
      received: number;
    }
  | { ok: false; error: ErrorBody; primaryKeyAfter: string | null }
);

/** An escape that may be half of a surrogate pair; Meilisearch takes it over undecoded and stumbles on it later. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;
const deepestDecodable = 128;

/** Whether a document may hold a value that cannot be decoded. */
function isOdd(raw: RawDocument, fields: DocumentFields): boolean {
  if (fields.depth > deepestDecodable || fields.wideNumbers) return true;
  return raw.includes('\\u') && surrogateEscape.test(raw);
}

/** The documents of a batch whose contents deserve a closer look; without embedders nearly none does. */
interface Suspects {
  ids: Set<string>;
  odd: Set<string>;
}

/** The suspects as they will be stored, in Meilisearch's order: an update stands where its id first came, a replacement where it last did. */
function* storedSuspects(
  documents: readonly RawDocument[],
  ids: readonly string[],
  suspects: Suspects,
  mode: 'replace' | 'update',
): Work<StoredDocument[]> {
  const stored = new Map<string, Map<string, string>>();
  const stretch = new Stretch();
  for (const [i, raw] of documents.entries()) {
    const id = ids[i] ?? '';
    if (!suspects.ids.has(id)) continue;
    if (stretch.isOver(raw.length)) yield;
    const fields = rawFields(raw);
    const before = stored.get(id);
    if (mode === 'replace') stored.delete(id);
    stored.set(id, mode === 'update' && before !== undefined ? new Map([...before, ...fields]) : fields);
  }
  return [...stored].map(([id, fields]) => ({ id, fields, odd: suspects.odd.has(id) }));
}

/**
 * Decide as one Meilisearch would whether a batch of documents succeeds, and with which ids; whatever fails its whole task
 * is found here. The first document in payload order that is bad gives the error: ids of all documents first, then contents.
 */
export function* prepareBatch(request: BatchRequest): Work<BatchResult> {
  const { documents, primaryKey: accepted, geoEnabled, embedders = [], mode = 'replace' } = request;
  let doubtful: ReadonlySet<string> = new Set();
  const fail = (error: ErrorBody): BatchResult => ({ ok: false, error, primaryKeyAfter: accepted, doubtful });
  const key = resolvePrimaryKey(accepted, request.requestedPrimaryKey, documents[0]);
  if (!key.ok) return fail(key.error);
  if (key.primaryKey === null || documents.length === 0) {
    const primaryKey = request.format === 'ndjson' ? accepted : key.primaryKey;
    return { ok: true, primaryKey, ids: [], distinctIds: 0, received: 0, doubtful };
  }
  const ids: string[] = [];
  const distinctIds = new Set<string>();
  const stretch = new Stretch();
  const suspects: Suspects = { ids: new Set(), odd: new Set() };
  for (const raw of documents) {
    const fields = scanDocument(raw, key.primaryKey);
    if (fields.reserved !== null) return fail(reservedFieldError(fields.reserved));
    const result = documentId(raw, key.primaryKey, fields.wanted);
    if (!result.ok) return fail(result.error);
    ids.push(result.id);
    distinctIds.add(result.id);
    const odd = isOdd(raw, fields);
    if (odd) suspects.odd.add(result.id);
    const special = fields.vectors !== null || (geoEnabled && fields.geo !== null);
    if (odd || special || embedders.length > 0) suspects.ids.add(result.id);
    if (stretch.isOver(raw.length)) yield;
  }
  if (suspects.ids.size > 0) {
    const { indexUid, stored = null } = request;
    const rules = { geoEnabled, embedders, stored, indexUid };
    const verdict = yield* checkContents(yield* storedSuspects(documents, ids, suspects, mode), rules);
    doubtful = verdict.doubtful;
    if (verdict.error !== null) return fail(verdict.error);
  }
  return {
    ok: true,
    primaryKey: key.primaryKey,
    ids,
    distinctIds: distinctIds.size,
    received: documents.length,
    doubtful,
  };
}
