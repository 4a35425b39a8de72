import { ApiError } from '../../errors/api-error.ts';
import { accepted, json } from '../answer.ts';
import { batchUid, taskUid } from '../requests/task-uid.ts';
import { listTasks, taskFilter } from '../requests/tasks.ts';
import type { Handler, Routes } from '../router.ts';

const list: Handler = async (x) => {
  const caller = await x.authorise('tasks.get');
  return json(await x.services.tasks.list(x.query(listTasks), caller));
};

const get: Handler = async (x) => {
  const caller = await x.authorise('tasks.get');
  return json(await x.services.tasks.get(taskUid(x.param('taskUid')), caller));
};

// Cancelling and deleting answer 200, unlike other accepted writes.
const cancel: Handler = async (x) => {
  const caller = await x.authorise('tasks.cancel');
  const filter = x.query(taskFilter('cancel'));
  return accepted(await x.services.tasks.cancel(filter, `?${x.rawQuery}`, caller), 200);
};

const remove: Handler = async (x) => {
  const caller = await x.authorise('tasks.delete');
  const filter = x.query(taskFilter('delete'));
  return accepted(await x.services.tasks.delete(filter, `?${x.rawQuery}`, caller), 200);
};

const batches: Handler = async (x) => {
  const caller = await x.authorise('tasks.get');
  return json(await x.services.tasks.batches(x.query(listTasks), caller));
};

const batch: Handler = async (x) => {
  const caller = await x.authorise('tasks.get');
  return json(await x.services.tasks.batch(batchUid(x.param('batchUid')), caller));
};

const documents: Handler = async (x) => {
  await x.authorise('tasks.get');
  throw new ApiError(
    'feature_not_enabled',
    'Getting the documents of an enqueued task requires enabling the `get task documents route` experimental feature. See https://github.com/orgs/meilisearch/discussions/808',
  );
};

/** `/tasks` and `/batches` */
export const taskRoutes: Routes = (resource) => {
  resource('/tasks', { GET: list, DELETE: remove });
  resource('/tasks/cancel', { POST: cancel });
  resource('/tasks/:taskUid', { GET: get });
  resource('/tasks/:taskUid/documents', { GET: documents });
  resource('/batches', { GET: batches });
  resource('/batches/:batchUid', { GET: batch });
};
