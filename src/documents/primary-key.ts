import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { compareUtf8 } from '../json/order.ts';
import { members } from '../json/scan.ts';
import type { RawDocument } from './payload.ts';

const advice = 'Please specify the primary key manually using the `primaryKey` query parameter.';

/** Outcome of looking for a primary key. */
export type PrimaryKeyResult = { ok: true; primaryKey: string } | { ok: false; error: ErrorBody };

/**
 * The primary key of an index that has none, by Meilisearch's rule: the only top-level key of the first document whose
 * name ends with `id` in any case.
 */
export function inferPrimaryKey(first: RawDocument): PrimaryKeyResult {
  const names = new Set(members(first).map((m) => m.key));
  const candidates = [...names].filter((name) => name.toLowerCase().endsWith('id')).sort(compareUtf8);
  const [name, second] = candidates;
  if (name !== undefined && second === undefined) return { ok: true, primaryKey: name };
  const error =
    name === undefined
      ? new ApiError(
          'index_primary_key_no_candidate_found',
          `The primary key inference failed as the engine did not find any field ending with \`id\` in its name. ${advice}`,
        )
      : new ApiError(
          'index_primary_key_multiple_candidates_found',
          `The primary key inference failed as the engine found ${candidates.length} fields ending with \`id\` in their names: '${name}' and '${second}'. ${advice}`,
        );
  return { ok: false, error: error.toBody() };
}

/** The error of a task that names another primary key than the index has. */
export function primaryKeyMismatch(existing: string): ErrorBody {
  return new ApiError('index_primary_key_already_exists', `Index already has a primary key: \`${existing}\`.`).toBody();
}

/** The key a batch is judged by: the index's own, else the requested one, else the one its first document suggests. */
export function resolvePrimaryKey(
  accepted: string | null,
  requested: string | null,
  first: RawDocument | undefined,
): PrimaryKeyResult | { ok: true; primaryKey: null } {
  if (accepted !== null && requested !== null && accepted !== requested) {
    return { ok: false, error: primaryKeyMismatch(accepted) };
  }
  const named = accepted ?? requested;
  if (named !== null) return { ok: true, primaryKey: named };
  return first === undefined ? { ok: true, primaryKey: null } : inferPrimaryKey(first);
}
