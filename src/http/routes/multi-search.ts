import { ApiError } from '../../errors/api-error.ts';
import type { Caller } from '../../keys/caller.ts';
import { runQueries } from '../../search/multi-search.ts';
import { read } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { facetSearchBody } from '../requests/facet-search.ts';
import { federationRefused, type MultiSearchQuery, multiSearchBody } from '../requests/multi-search.ts';
import type { Handler, Routes } from '../router.ts';
import { checkedAfterIndex } from './search.ts';

async function runOne(x: Exchange, caller: Caller, planned: MultiSearchQuery, position: number) {
  const { indexUid, query, federated } = planned;
  if (federated) throw federationRefused(position);
  if (!caller.allowsIndex(indexUid)) throw new ApiError('invalid_api_key', 'The provided API key is invalid.');
  await checkedAfterIndex(x, indexUid, query);
  return x.services.search.search(indexUid, query, caller);
}

const multiSearch: Handler = async (x) => {
  const caller = await x.authorise('search');
  const queries = await x.json(multiSearchBody);
  const waits = [...new Set(queries.map(({ indexUid }) => indexUid))].map((uid) => x.settleSession(uid));
  const pending = (await Promise.all(waits)).find((task) => task !== null) ?? null;
  return read(
    await runQueries(
      queries.map((query, position) => ({
        indexUid: query.indexUid,
        run: () => runOne(x, caller, query, position),
      })),
    ),
    pending,
  );
};

const facetSearch: Handler = async (x) => {
  const caller = await x.authorise('search');
  const query = await x.json(facetSearchBody);
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return read(await x.services.search.facetSearch(uid, query, caller), pending);
};

/** `/multi-search` and `/indexes/{uid}/facet-search`. */
export const multiSearchRoutes: Routes = (resource) => {
  resource('/multi-search', { POST: multiSearch });
  resource('/indexes/:indexUid/facet-search', { POST: facetSearch });
};
