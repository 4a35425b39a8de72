import { ApiError } from '../errors/api-error.ts';
import type { IndexRecord } from '../store/records.ts';

/** The index that readers see under this uid; throws `index_not_found`. */
export function visibleIndex(catalog: { visible(uid: string): IndexRecord | null }, uid: string): IndexRecord {
  const index = catalog.visible(uid);
  if (index === null) throw new ApiError('index_not_found', `Index \`${uid}\` not found.`);
  return index;
}
