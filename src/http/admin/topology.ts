import { ApiError } from '../../errors/api-error.ts';
import { json } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import {
  newGroupBody,
  newNodeBody,
  operationParameters,
  replaceBody,
  replicationFactorBody,
  steerBody,
} from '../requests/topology.ts';
import type { Handler, Routes } from '../router.ts';
import type { OperationAnswer, OperationOptions } from '../services.ts';
import type { AdminAccess } from './access.ts';

function groupNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new ApiError('miroir_invalid_topology', `\`${text}\` is no number of a group.`);
}

/** `/_miroir/nodes`, `/_miroir/groups`, `/_miroir/rebalance`: nodes come and go while the cluster serves. */
export function topologyAdminRoutes(access: AdminAccess): Routes {
  /** A change: its answer tells the rebalance that it set off, or with `dryRun` the plan. */
  function change(run: (x: Exchange, options: OperationOptions) => Promise<OperationAnswer>): Handler {
    return async (x) => {
      access.require(x);
      const options = x.query(operationParameters);
      return json(JSON.stringify(await run(x, options)), options.dryRun ? 200 : 202);
    };
  }

  return (resource) => {
    resource('/_miroir/nodes', {
      POST: change(async (x, options) => x.services.operations.addNodes([await x.json(newNodeBody)], options)),
    });
    resource('/_miroir/nodes/:nodeId', {
      DELETE: change((x, options) => x.services.operations.remove(x.param('nodeId'), options)),
    });
    resource('/_miroir/nodes/:nodeId/drain', {
      POST: change((x, options) => x.services.operations.drain(x.param('nodeId'), options)),
    });
    resource('/_miroir/nodes/:nodeId/activate', {
      POST: change((x, options) => x.services.operations.activate(x.param('nodeId'), options)),
    });
    resource('/_miroir/nodes/:nodeId/replace', {
      POST: change(async (x, options) =>
        x.services.operations.replace(x.param('nodeId'), await x.json(replaceBody), options),
      ),
    });
    resource('/_miroir/groups', {
      POST: change(async (x, options) => {
        const { nodes, group } = await x.json(newGroupBody);
        return x.services.operations.addGroup(nodes, group, options);
      }),
    });
    resource('/_miroir/groups/:group', {
      DELETE: change((x, options) => x.services.operations.removeGroup(groupNumber(x.param('group')), options)),
    });
    resource('/_miroir/replication-factor', {
      PUT: change(async (x, options) => {
        const { replicationFactor } = await x.json(replicationFactorBody);
        return x.services.operations.replicationFactor(replicationFactor, options);
      }),
    });
    resource('/_miroir/rebalance', {
      POST: async (x) => {
        access.require(x);
        const { action } = await x.json(steerBody);
        return json(JSON.stringify(await x.services.operations.steer(action)), 202);
      },
    });
    resource('/_miroir/rebalance/status', {
      GET: async (x) => {
        access.require(x);
        return json(JSON.stringify(x.services.operations.status()));
      },
    });
  };
}
