import { ApiError } from '../../errors/api-error.ts';
import type { Handler, Routes } from '../router.ts';

/** Refuses a route that Miroir does not offer, after asking whether the caller might use it. */
function refused(action: string, what: string): Handler {
  return async (x) => {
    await x.authorise(action);
    throw new ApiError('miroir_not_supported', `${what} is not offered by Miroir.`);
  };
}

/** Routes of Meilisearch that Miroir refuses with a clear error. */
export const laterRoutes: Routes = (resource) => {
  resource('/export', { POST: refused('export', 'Exporting to another instance') });
};
