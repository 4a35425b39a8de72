import { accepted } from '../answer.ts';
import { exportBody } from '../requests/export.ts';
import type { Routes } from '../router.ts';

/** `/export` */
export const exportRoutes: Routes = (resource) => {
  resource('/export', {
    // Exporting answers 200, unlike other accepted writes.
    POST: async (x) => {
      await x.authorise('export');
      return accepted(await x.services.exports.create(await x.json(exportBody)), 200);
    },
  });
};
