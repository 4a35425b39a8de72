import type { Filter } from '../search/query.ts';

/** Who sends a request and what they may touch, as `keys/authorise.ts` found out. */
export interface Caller {
  /** The uid of the key, also behind a tenant token; absent for the master key and while there is none. */
  readonly keyUid?: string;
  /** Whether the key (and the tenant token, if any) covers this index. */
  allowsIndex(uid: string): boolean;
  /** The key's index patterns, or null when it covers all; listings are cut to these. */
  readonly indexPatterns: readonly string[] | null;
  /** Whether the key carries an action besides the one the route asked for (auto-creation needs `indexes.create`). */
  may(action: string): boolean;
  /** The filter a tenant token adds to every search of the index, or null. */
  tenantFilter(uid: string): Filter | null;
}
