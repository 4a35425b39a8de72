import { empty, json } from '../answer.ts';
import { createKey, listKeys, updateKey } from '../requests/keys.ts';
import type { Handler, Routes } from '../router.ts';

const keyBody = createKey(Date.now);

const list: Handler = async (x) => {
  await x.authorise('keys.get');
  const { offset, limit } = x.query(listKeys);
  return json(await x.services.keys.list(offset, limit));
};

const create: Handler = async (x) => {
  await x.authorise('keys.create');
  return json(await x.services.keys.create(await x.json(keyBody)), 201);
};

const get: Handler = async (x) => {
  await x.authorise('keys.get');
  return json(await x.services.keys.get(x.param('key')));
};

const update: Handler = async (x) => {
  await x.authorise('keys.update');
  const change = await x.json(updateKey);
  return json(await x.services.keys.update(x.param('key'), change));
};

const remove: Handler = async (x) => {
  await x.authorise('keys.delete');
  await x.services.keys.delete(x.param('key'));
  return empty(204);
};

/** `/keys` */
export const keyRoutes: Routes = (resource) => {
  resource('/keys', { POST: create, GET: list });
  resource('/keys/:key', { GET: get, PATCH: update, DELETE: remove });
};
