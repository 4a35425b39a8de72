import { ApiError } from '../../errors/api-error.ts';
import type { Handler, Routes } from '../router.ts';

/** Refuses a route that Miroir does not offer, after asking whether the caller might use it; `instead` says what to do. */
function refused(action: string, instead: string): Handler {
  return async (x) => {
    await x.authorise(action);
    throw new ApiError('miroir_not_supported', instead);
  };
}

const snapshots =
  'Miroir takes no snapshots: one of a single node would not be the whole data. Use `POST /dumps` for a copy of everything, or take snapshots of each node on the node itself.';
const network =
  "Meilisearch's own network of instances is not offered by Miroir, which spreads every index over its nodes itself. See `GET /_miroir/topology` for the nodes.";
const chats = 'Chats (conversations with a language model about the documents) are not offered by Miroir.';

/** Routes of Meilisearch that Miroir has no use for, each refused with what to do instead. */
export const refusedRoutes: Routes = (resource) => {
  resource('/snapshots', { POST: refused('snapshots.create', snapshots) });
  resource('/network', { GET: refused('network.get', network), PATCH: refused('network.update', network) });
  resource('/chats', { GET: refused('chats.get', chats) });
  resource('/chats/:workspace', { GET: refused('chats.get', chats), DELETE: refused('chats.delete', chats) });
  resource('/chats/:workspace/settings', {
    GET: refused('chatsSettings.get', chats),
    PATCH: refused('chatsSettings.update', chats),
    DELETE: refused('chatsSettings.update', chats),
  });
  resource('/chats/:workspace/chat/completions', { POST: refused('chatCompletions', chats) });
};
