import { ApiError } from '../../errors/api-error.ts';
import type { Handler, Routes } from '../router.ts';

/** Refuses a route that Miroir does not offer, after asking whether the caller might use it. */
function refused(action: string, what: string): Handler {
  return async (x) => {
    await x.authorise(action);
    throw new ApiError('miroir_not_supported', `${what} is not offered by Miroir.`);
  };
}

const chats = 'Chat (conversations with a language model about the documents)';

/** Routes of Meilisearch that Miroir refuses with a clear error. */
export const laterRoutes: Routes = (resource) => {
  resource('/multi-search', { POST: refused('search', 'Multi-search') });
  resource('/indexes/:indexUid/facet-search', { POST: refused('search', 'Facet search') });
  const similar = refused('search', 'Similar documents search');
  resource('/indexes/:indexUid/similar', { GET: similar, POST: similar });
  resource('/dumps', { POST: refused('dumps.create', 'Creating dumps') });
  resource('/snapshots', { POST: refused('snapshots.create', 'Creating snapshots') });
  resource('/export', { POST: refused('export', 'Exporting to another instance') });
  resource('/experimental-features', {
    GET: refused('experimental.get', 'Listing experimental features'),
    PATCH: refused('experimental.update', 'Switching experimental features'),
  });
  resource('/network', {
    GET: refused('network.get', "Meilisearch's own network of instances"),
    PATCH: refused('network.update', "Meilisearch's own network of instances"),
  });
  resource('/webhooks', {
    GET: refused('webhooks.get', 'Webhooks'),
    POST: refused('webhooks.create', 'Webhooks'),
  });
  resource('/webhooks/:uuid', {
    GET: refused('webhooks.get', 'Webhooks'),
    PATCH: refused('webhooks.update', 'Webhooks'),
    DELETE: refused('webhooks.delete', 'Webhooks'),
  });
  resource('/metrics', { GET: refused('metrics.get', "Meilisearch's own metrics (see `/_miroir/metrics`)") });
  resource('/logs/stream', {
    POST: refused('metrics.get', 'Log streaming'),
    DELETE: refused('metrics.get', 'Log streaming'),
  });
  resource('/logs/stderr', { POST: refused('metrics.get', 'Changing the log level') });
  resource('/chats', { GET: refused('chats.get', chats) });
  resource('/chats/:workspace', { GET: refused('chats.get', chats), DELETE: refused('chats.delete', chats) });
  resource('/chats/:workspace/settings', {
    GET: refused('chatsSettings.get', chats),
    PATCH: refused('chatsSettings.update', chats),
    DELETE: refused('chatsSettings.update', chats),
  });
  resource('/chats/:workspace/chat/completions', { POST: refused('chatCompletions', chats) });
};
