import { ApiError } from '../../errors/api-error.ts';
import type { Parser } from '../../validation/cursor.ts';
import { indexUid } from '../../validation/index-uid.ts';
import { object, optional, required } from '../../validation/object.ts';
import { arrayOf, boolean } from '../../validation/values.ts';

const entry = object({
  indexes: required(arrayOf(indexUid), 'invalid_swap_indexes', 'missing_swap_indexes'),
  rename: optional(boolean, 'invalid_swap_rename', false),
});

/** `POST /swap-indexes`: a list of pairs. */
export const swapIndexes: Parser<{ indexes: string[]; rename: boolean }[]> = arrayOf(entry);

/** The pairs, each of exactly two uids, every uid named once over all of them. */
export function checkSwaps(swaps: readonly { indexes: readonly string[]; rename: boolean }[]) {
  const seen = new Set<string>();
  return swaps.map(({ indexes, rename }) => {
    const [first, second] = indexes;
    if (first === undefined || second === undefined || indexes.length !== 2) {
      throw new ApiError(
        'invalid_swap_indexes',
        `Two indexes must be given for each swap. The list \`[${indexes.map((uid) => JSON.stringify(uid)).join(', ')}]\` contains ${indexes.length} indexes.`,
      );
    }
    for (const uid of [first, second]) {
      if (seen.has(uid)) {
        throw new ApiError(
          'invalid_swap_duplicate_index_found',
          `Indexes must be declared only once during a swap. \`${uid}\` was specified several times.`,
        );
      }
      seen.add(uid);
    }
    return { indexes: [first, second] as const, rename };
  });
}
