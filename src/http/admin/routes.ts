import { json } from '../answer.ts';
import { taskUid } from '../requests/task-uid.ts';
import type { Routes } from '../router.ts';
import type { AdminAccess } from './access.ts';

/** `/_miroir/...`: the cluster as operators see it. */
export function adminRoutes(access: AdminAccess): Routes {
  return (resource) => {
    resource('/_miroir/topology', {
      GET: async (x) => {
        access.require(x);
        return json(JSON.stringify(await x.services.admin.topology()));
      },
    });
    resource('/_miroir/shards', {
      GET: async (x) => {
        access.require(x);
        return json(JSON.stringify(await x.services.admin.shards()));
      },
    });
    resource('/_miroir/tasks/:taskUid', {
      GET: async (x) => {
        access.require(x);
        return json(JSON.stringify(await x.services.admin.task(taskUid(x.param('taskUid')))));
      },
    });
    resource('/_miroir/indexes/:indexUid/verify', {
      POST: async (x) => {
        access.require(x);
        return json(JSON.stringify(await x.services.admin.verify(x.indexUid())), 202);
      },
      GET: async (x) => {
        access.require(x);
        return json(JSON.stringify(x.services.admin.verification(x.indexUid())));
      },
    });
    // Open: load balancers and scrapers come without a key.
    resource('/_miroir/ready', {
      GET: async (x) => {
        const state = await x.services.admin.ready();
        return json(JSON.stringify(state), state.ready ? 200 : 503);
      },
    });
    resource('/_miroir/metrics', {
      GET: async (x) => ({
        status: 200,
        body: await x.services.metrics(),
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
      }),
    });
  };
}
