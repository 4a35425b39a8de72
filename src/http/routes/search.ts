import type { SearchQuery } from '../../search/query.ts';
import { overFetchFactor } from '../../search/vector-search.ts';
import { read } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { checkSearch, searchBody, searchParameters, toSearchQuery } from '../requests/search.ts';
import type { ReadHandler, ReadRoutes } from '../router.ts';
import type { ReadServices } from '../services.ts';

/** Refusals that the real server makes only once it has found the index: an unknown index goes first. */
export async function checkedAfterIndex(x: Exchange<ReadServices>, uid: string, query: SearchQuery): Promise<void> {
  try {
    checkSearch(query);
  } catch (refusal) {
    await x.services.indexes.get(uid);
    throw refusal;
  }
}

const post: ReadHandler = async (x) => {
  const caller = await x.authorise('search');
  const query = await x.json(searchBody);
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  await checkedAfterIndex(x, uid, query);
  const overFetch = overFetchFactor(x.header('x-miroir-over-fetch'));
  return read(await x.services.search.search(uid, query, caller, { overFetch }), pending);
};

const get: ReadHandler = async (x) => {
  const caller = await x.authorise('search');
  const parameters = x.query(searchParameters);
  const uid = x.indexUid();
  const overFetch = overFetchFactor(x.header('x-miroir-over-fetch'));
  const pending = await x.settleSession(uid);
  return read(await x.services.search.search(uid, toSearchQuery(parameters), caller, { overFetch }), pending);
};

/** `/indexes/{uid}/search` */
export const searchRoutes: ReadRoutes = (resource) => {
  resource('/indexes/:indexUid/search', { GET: get, POST: post });
};
