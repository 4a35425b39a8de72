import { ApiError } from '../../errors/api-error.ts';
import { invalidIndexUid, isIndexUid } from '../../validation/index-uid.ts';
import { accepted, sessionJson } from '../answer.ts';
import { createIndex, listIndexes, updateIndex } from '../requests/indexes.ts';
import type { Handler, Routes } from '../router.ts';

const list: Handler = async (x) => {
  const caller = await x.authorise('indexes.get');
  const { offset, limit } = x.query(listIndexes);
  const pending = await x.settleSession(null);
  return sessionJson(await x.services.indexes.list(offset, limit, caller), pending);
};

const create: Handler = async (x) => {
  const caller = await x.authorise('indexes.create');
  const { uid, primaryKey, _miroir } = await x.json(createIndex);
  if (!caller.allowsIndex(uid)) throw new ApiError('invalid_api_key', 'The provided API key is invalid.');
  return accepted(await x.services.indexes.create(uid, primaryKey, _miroir?.shards ?? null));
};

const get: Handler = async (x) => {
  await x.authorise('indexes.get');
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return sessionJson(await x.services.indexes.get(uid), pending);
};

const update: Handler = async (x) => {
  await x.authorise('indexes.update');
  const change = await x.json(updateIndex);
  const uid = x.indexUid();
  const newUid = change.uid ?? null;
  if (newUid !== null && !isIndexUid(newUid)) throw new ApiError('invalid_index_uid', invalidIndexUid(newUid));
  return accepted(await x.services.indexes.update(uid, change.primaryKey ?? null, newUid));
};

const remove: Handler = async (x) => {
  await x.authorise('indexes.delete');
  return accepted(await x.services.indexes.delete(x.indexUid()));
};

const stats: Handler = async (x) => {
  await x.authorise('stats.get');
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return sessionJson(await x.services.indexes.stats(uid), pending);
};

/** `/indexes`, `/indexes/{uid}` and its statistics. */
export const indexRoutes: Routes = (resource) => {
  resource('/indexes', { GET: list, POST: create });
  resource('/indexes/:indexUid', { GET: get, PATCH: update, DELETE: remove });
  resource('/indexes/:indexUid/stats', { GET: stats });
};
