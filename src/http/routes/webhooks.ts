import { empty, json } from '../answer.ts';
import { webhookBody, webhookUuid } from '../requests/webhooks.ts';
import type { Handler, Routes } from '../router.ts';

const list: Handler = async (x) => {
  await x.authorise('webhooks.get');
  return json(x.services.webhooks.list());
};

const create: Handler = async (x) => {
  await x.authorise('webhooks.create');
  return json(await x.services.webhooks.create(await x.json(webhookBody)), 201);
};

const get: Handler = async (x) => {
  await x.authorise('webhooks.get');
  return json(x.services.webhooks.get(webhookUuid(x.param('uuid'))));
};

const update: Handler = async (x) => {
  await x.authorise('webhooks.update');
  const change = await x.json(webhookBody);
  return json(await x.services.webhooks.update(webhookUuid(x.param('uuid')), change));
};

const remove: Handler = async (x) => {
  await x.authorise('webhooks.delete');
  await x.services.webhooks.delete(webhookUuid(x.param('uuid')));
  return empty(204);
};

/** `/webhooks` */
export const webhookRoutes: Routes = (resource) => {
  resource('/webhooks', { GET: list, POST: create });
  resource('/webhooks/:uuid', { GET: get, PATCH: update, DELETE: remove });
};
