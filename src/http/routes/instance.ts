import { json, sessionJson } from '../answer.ts';
import type { Routes } from '../router.ts';

/** Routes about the whole instance. */
export const instanceRoutes: Routes = (resource) => {
  resource('/', { GET: async () => json('{"status":"Meilisearch is running"}') });
  resource('/health', { GET: async () => json('{"status":"available"}') });
  resource('/version', {
    GET: async (x) => {
      await x.authorise('version');
      return json(await x.services.indexes.version());
    },
  });
  resource('/stats', {
    GET: async (x) => {
      const caller = await x.authorise('stats.get');
      const pending = await x.settleSession(null);
      return sessionJson(await x.services.indexes.allStats(caller), pending);
    },
  });
};
