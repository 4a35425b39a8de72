import { json } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { reshardBody } from '../requests/reshard.ts';
import type { Handler, Routes } from '../router.ts';
import type { ReshardService } from '../services.ts';
import type { AdminAccess } from './access.ts';

/** `/_miroir/indexes/{uid}/reshard...`: another number of shards for an index that goes on serving. */
export function reshardAdminRoutes(access: AdminAccess): Routes {
  const turn =
    (run: (service: ReshardService, x: Exchange) => ReturnType<ReshardService['abort']>): Handler =>
    async (x) => {
      access.require(x);
      return json(JSON.stringify(await run(x.services.reshard, x)), 202);
    };

  return (resource) => {
    resource('/_miroir/indexes/:indexUid/reshard', {
      POST: turn(async (service, x) => service.start(x.indexUid(), (await x.json(reshardBody)).shards)),
      GET: async (x) => {
        access.require(x);
        return json(JSON.stringify(x.services.reshard.status(x.indexUid())));
      },
      DELETE: turn((service, x) => service.abort(x.indexUid())),
    });
    resource('/_miroir/indexes/:indexUid/reshard/rollback', {
      POST: turn((service, x) => service.rollback(x.indexUid())),
    });
    resource('/_miroir/indexes/:indexUid/reshard/finish', {
      POST: turn((service, x) => service.finish(x.indexUid())),
    });
  };
}
