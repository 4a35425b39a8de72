import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../src/nodes/local.ts';
import { startMiroirProcess } from '../tests/support/miroir-process.ts';

/** A process under measurement that serves HTTP. */
export interface Side {
  address: string;
  pid: number;
}

/** The key of every Miroir started here. */
export const masterKey = 'bench-master-key-0123';

/** What to start in front of the nodes of `canned-nodes.ts`. */
export interface CannedMiroirOptions {
  addresses: readonly string[];
  /** For its files; the caller removes it. */
  folder: string;
  shards: number;
  replicationFactor: number;
  /** `server.workers`; one process when absent. */
  workers?: number;
}

async function post(address: string, path: string, body: unknown): Promise<number> {
  const headers = { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

/** Miroir in front of canned nodes, with one index `x`; `readyMs` is how long it took from its start to its first answer. */
export async function startCannedMiroir(
  options: CannedMiroirOptions,
): Promise<Side & { readyMs: number; stop(): Promise<void> }> {
  const { addresses, folder, shards, replicationFactor, workers = 1 } = options;
  const port = await freePort();
  const started = performance.now();
  const child = await startMiroirProcess(
    {
      master_key: masterKey,
      node_master_key: 'canned',
      admin: { api_key: 'bench-admin-key-0123' },
      shards,
      replication_factor: replicationFactor,
      nodes: addresses.map((address, i) => ({ id: `node-${i}`, address, group: 0 })),
      store: { backend: 'sqlite', path: `${folder}/miroir.db` },
      dumps: { dir: `${folder}/dumps` },
      metrics: { enabled: false },
      log: { level: 'warn' },
      server: { host: '127.0.0.1', port, workers },
    },
    folder,
  );
  const readyMs = performance.now() - started;
  const address = `http://127.0.0.1:${port}`;
  await post(address, '/indexes', { uid: 'x', primaryKey: 'id' });
  for (let tries = 0; (await post(address, '/indexes/x/search', { q: '' })) !== 200; tries++) {
    if (tries > 200) throw new Error('the index did not come into being');
    await sleep(50);
  }
  return { address, pid: child.pid, readyMs, stop: () => child.stop() };
}
