import { ApiError, type ErrorBody } from '../errors/api-error.ts';

/** Meilisearch's answer for an index that is not there. */
export function indexNotFound(uid: string): ApiError {
  return new ApiError('index_not_found', `Index \`${uid}\` not found.`);
}

/** The same as a task's error. */
export function indexNotFoundBody(uid: string): ErrorBody {
  return indexNotFound(uid).toBody();
}
