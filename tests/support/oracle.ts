import type { Server } from './http.ts';
import { masterKey, startGuardedNode, temporaryFolder } from './processes.ts';

/** One real Meilisearch with all the data: whatever it answers is right. */
export interface Oracle extends Server {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Start the oracle on a free loopback port with an empty database. */
export async function startOracle(): Promise<Oracle> {
  const folder = await temporaryFolder('oracle');
  try {
    const node = await startGuardedNode('oracle', folder.path);
    return {
      address: node.address,
      masterKey,
      pid: node.pid,
      async stop() {
        await node.stop('SIGKILL');
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
