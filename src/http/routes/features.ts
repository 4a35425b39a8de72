import { json } from '../answer.ts';
import { featuresBody } from '../requests/features.ts';
import type { Routes } from '../router.ts';

/** `/experimental-features` */
export const featureRoutes: Routes = (resource) => {
  resource('/experimental-features', {
    GET: async (x) => {
      await x.authorise('experimental.get');
      return json(x.services.features.get());
    },
    PATCH: async (x) => {
      await x.authorise('experimental.update');
      return json(await x.services.features.update(await x.json(featuresBody)));
    },
  });
};
