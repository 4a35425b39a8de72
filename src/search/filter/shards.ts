import { shardOf } from '../../placement/hash.ts';
import type { IndexRecord } from '../../store/records.ts';
import type { FilterNode } from './ast.ts';
import { pinnedIds } from './narrow.ts';
import { parseFilter } from './parse.ts';
import { FilterProblem } from './problem.ts';

/** A filter that nodes will refuse bounds nothing. */
function parseOrNull(filter: unknown): FilterNode | null {
  try {
    return parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterProblem) return null;
    throw error;
  }
}

/** The shards in which documents with these ids are (ascending); never empty, so that some node judges the request. */
export function shardsOfIds(ids: Iterable<string>, index: IndexRecord): number[] {
  const shards = new Set([...ids].map((id) => shardOf(id, index.shards)));
  return shards.size === 0 ? [0] : [...shards].sort((a, b) => a - b);
}

/** The only shards in which documents can pass the filter, or null when all may hold some. */
export function narrowedShards(filter: unknown, index: IndexRecord): number[] | null {
  if (filter === null || filter === undefined || index.primaryKey === null) return null;
  const ids = pinnedIds(parseOrNull(filter), index.primaryKey);
  return ids === null ? null : shardsOfIds(ids, index);
}
