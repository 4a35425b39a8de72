import { type Server, send } from '../tests/support/http.ts';
import type { BenchSearch } from './load.ts';
import type { SearchBody } from './workload.ts';

const remote = (i: number) => `remote-${i}`;

async function patch(server: Server, path: string, body: unknown): Promise<void> {
  const answer = await send(server, { method: 'PATCH', path, body: JSON.stringify(body) });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
}

/** Makes a Meilisearch able to search these nodes (its experimental feature `network`), of which it may be one itself. */
export async function federate(asked: Server, nodes: readonly Server[]): Promise<void> {
  const remotes = nodes.map(({ address, masterKey }, i) => [remote(i), { url: address, searchApiKey: masterKey }]);
  const own = nodes.findIndex(({ address }) => address === asked.address);
  const self = own === -1 ? 'front' : remote(own);
  const all = { [self]: { url: asked.address }, ...Object.fromEntries(remotes) };
  await patch(asked, '/experimental-features', { network: true });
  await patch(asked, '/network', { self, remotes: all });
}

/** A search as a federated one over the same index of so many remotes. */
export function federatedSearch(indexUid: string, nodes: number): (body: SearchBody) => BenchSearch {
  return ({ limit, ...query }) => {
    const queries = Array.from({ length: nodes }, (_, i) => ({
      ...query,
      indexUid,
      federationOptions: { remote: remote(i) },
    }));
    return { path: '/multi-search', body: JSON.stringify({ federation: { limit, offset: 0 }, queries }) };
  };
}
