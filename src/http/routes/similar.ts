import { overFetchFactor } from '../../search/vector-search.ts';
import { read } from '../answer.ts';
import { similarBody, similarParameters, toSimilarQuery } from '../requests/similar.ts';
import type { ReadHandler, ReadRoutes } from '../router.ts';

const post: ReadHandler = async (x) => {
  const caller = await x.authorise('search');
  const query = await x.json(similarBody);
  const uid = x.indexUid();
  const overFetch = overFetchFactor(x.header('x-miroir-over-fetch'));
  const pending = await x.settleSession(uid);
  return read(await x.services.search.similar(uid, query, caller, { overFetch }), pending);
};

const get: ReadHandler = async (x) => {
  const caller = await x.authorise('search');
  const query = toSimilarQuery(x.query(similarParameters));
  const uid = x.indexUid();
  const overFetch = overFetchFactor(x.header('x-miroir-over-fetch'));
  const pending = await x.settleSession(uid);
  return read(await x.services.search.similar(uid, query, caller, { overFetch }), pending);
};

/** `/indexes/{uid}/similar` */
export const similarRoutes: ReadRoutes = (resource) => {
  resource('/indexes/:indexUid/similar', { GET: get, POST: post });
};
