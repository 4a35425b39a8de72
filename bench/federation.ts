import { type Server, send } from '../tests/support/http.ts';
import type { BenchSearch } from './load.ts';
import type { SearchBody } from './workload.ts';

const remote = (i: number) => `remote-${i}`;

async function patch(server: Server, path: string, body: unknown): Promise<void> {
  const answer = await send(server, { method: 'PATCH', path, body: JSON.stringify(body) });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
}

/** Makes the first node able to search all of them (Meilisearch's experimental feature `network`). */
export async function federate(nodes: readonly Server[]): Promise<void> {
  const [first] = nodes;
  if (first === undefined) return;
  const remotes = nodes.map(({ address, masterKey }, i) => [remote(i), { url: address, searchApiKey: masterKey }]);
  await patch(first, '/experimental-features', { network: true });
  await patch(first, '/network', { self: remote(0), remotes: Object.fromEntries(remotes) });
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
