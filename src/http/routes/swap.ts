import { ApiError } from '../../errors/api-error.ts';
import { accepted } from '../answer.ts';
import { checkSwaps, swapIndexes } from '../requests/swap.ts';
import type { Handler, Routes } from '../router.ts';

const swap: Handler = async (x) => {
  const caller = await x.authorise('indexes.swap');
  const swaps = checkSwaps(await x.json(swapIndexes));
  if (!swaps.every(({ indexes }) => indexes.every((uid) => caller.allowsIndex(uid)))) {
    throw new ApiError('invalid_api_key', 'The provided API key is invalid.');
  }
  return accepted(await x.services.indexes.swap(swaps));
};

/** `/swap-indexes`. */
export const swapRoutes: Routes = (resource) => {
  resource('/swap-indexes', { POST: swap });
};
