import { accepted } from '../answer.ts';
import type { Routes } from '../router.ts';

/** `/dumps` */
export const dumpRoutes: Routes = (resource) => {
  resource('/dumps', {
    POST: async (x) => {
      await x.authorise('dumps.create');
      return accepted(await x.services.dumps.create());
    },
  });
};
