import { ApiError } from '../../errors/api-error.ts';
import type { Caller } from '../../keys/caller.ts';
import { inside, runQueries } from '../../search/multi-search.ts';
import { overFetchFactor } from '../../search/vector-search.ts';
import { read } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { facetSearchBody } from '../requests/facet-search.ts';
import {
  federatedQueries,
  federationRefused,
  type MultiSearchQuery,
  multiSearchBody,
} from '../requests/multi-search.ts';
import type { ReadHandler, ReadRoutes } from '../router.ts';
import type { ReadServices, VectorOptions } from '../services.ts';
import { checkedAfterIndex } from './search.ts';

/** Keys and tokens are checked for all queries before any is run. */
function checkIndexes(caller: Caller, queries: readonly MultiSearchQuery[]): void {
  const position = queries.findIndex(({ indexUid }) => !caller.allowsIndex(indexUid));
  if (position === -1) return;
  throw inside(new ApiError('invalid_api_key', 'The provided API key is invalid.'), position);
}

async function runOne(
  x: Exchange<ReadServices>,
  caller: Caller,
  planned: MultiSearchQuery,
  position: number,
  vectors: VectorOptions,
) {
  const { indexUid, query, federationOptions } = planned;
  if (federationOptions !== null) throw federationRefused(position);
  await checkedAfterIndex(x, indexUid, query);
  return x.services.search.search(indexUid, query, caller, vectors);
}

const multiSearch: ReadHandler = async (x) => {
  const caller = await x.authorise('search');
  const { queries, federation } = await x.json(multiSearchBody);
  checkIndexes(caller, queries);
  const waits = [...new Set(queries.map(({ indexUid }) => indexUid))].map((uid) => x.settleSession(uid));
  const pending = (await Promise.all(waits)).find((task) => task !== null) ?? null;
  const vectors = { overFetch: overFetchFactor(x.header('x-miroir-over-fetch')) };
  if (federation === null) {
    const planned = queries.map((query, position) => ({
      indexUid: query.indexUid,
      run: () => runOne(x, caller, query, position, vectors),
    }));
    return read(await runQueries(planned), pending);
  }
  const checked = federatedQueries(queries, (action) => x.services.features.require('network', action));
  return read(await x.services.search.federated({ federation, queries: checked }, caller, vectors), pending);
};

const facetSearch: ReadHandler = async (x) => {
  const caller = await x.authorise('search');
  const query = await x.json(facetSearchBody);
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return read(await x.services.search.facetSearch(uid, query, caller), pending);
};

/** `/multi-search` and `/indexes/{uid}/facet-search`. */
export const multiSearchRoutes: ReadRoutes = (resource) => {
  resource('/multi-search', { POST: multiSearch });
  resource('/indexes/:indexUid/facet-search', { POST: facetSearch });
};
