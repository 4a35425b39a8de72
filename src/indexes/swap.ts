import { ApiError } from '../errors/api-error.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { settledPlan, type WritePlan } from '../tasks/acceptance.ts';
import type { Effect } from '../tasks/effect.ts';
import type { Catalog } from './catalog.ts';

/** One pair of `POST /swap-indexes`. */
export interface Swap {
  indexes: readonly [string, string];
  /** Rename the first to the second, which must not exist. */
  rename: boolean;
}

function notFound(missing: readonly string[]): ApiError {
  const [only] = missing;
  const list = missing.map((uid) => `\`${uid}\``).join(', ');
  return new ApiError(
    'index_not_found',
    missing.length === 1 ? `Index \`${only}\` not found.` : `Indexes ${list} not found.`,
  );
}

function refusal(catalog: Catalog, swaps: readonly Swap[]): ApiError | null {
  const needed = swaps.flatMap(({ indexes, rename }) => (rename ? [indexes[0]] : indexes));
  const missing = needed.filter((uid) => catalog.accepted(uid) === null).sort();
  if (missing.length > 0) return notFound(missing);
  const taken = swaps.find(({ indexes, rename }) => rename && catalog.accepted(indexes[1]) !== null);
  if (taken === undefined) return null;
  const [from, to] = taken.indexes;
  return new ApiError(
    'index_already_exists',
    `Cannot rename \`${from}\` to \`${to}\` as the index already exists. Hint: You can remove \`${to}\` first and then do your remove.`,
  );
}

/**
 * The plan of a swap: names change places in the catalog, in one commit when the task's turn comes; no node is touched and
 * no document moves. Writes accepted later already mean the new owners of the names.
 */
export function planSwap(catalog: Catalog, swaps: readonly Swap[]): WritePlan {
  const details = { swaps: swaps.map(({ indexes, rename }) => ({ indexes, rename })) };
  const base = { type: 'indexSwap', indexUid: null, details };
  const error = refusal(catalog, swaps);
  if (error !== null) return settledPlan({ ...base, verdict: error.toBody() });
  const names: NonNullable<Effect['names']> = [];
  const changes: StoreChange[] = [];
  const rename = (record: IndexRecord | null, from: string, to: string) => {
    if (record === null) return;
    names.push({ id: record.id, from, to });
    changes.push({ kind: 'putIndex', record: { ...record, acceptedUid: to } });
  };
  for (const { indexes } of swaps) {
    const [a, b] = indexes;
    const [first, second] = [catalog.accepted(a), catalog.accepted(b)];
    rename(first, a, b);
    rename(second, b, a);
  }
  return settledPlan({ ...base, verdict: null, effect: names.length === 0 ? {} : { names }, catalog: changes });
}
