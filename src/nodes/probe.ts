import { type NodeClient, NodeError, type NodeResponse } from './client.ts';

/**
 * What a probe found: the node serves (its version when that was asked for), or why it cannot be used: nothing listens
 * there, it gave no usable answer, or it does not take the key.
 */
export type ProbeResult = { version: string | null } | { error: string; cause: 'refused' | 'unusable' | 'key' };

function readVersion(response: NodeResponse): string | null {
  try {
    const body = JSON.parse(response.text) as { pkgVersion?: unknown };
    return typeof body.pkgVersion === 'string' ? body.pkgVersion : null;
  } catch {
    return null;
  }
}

async function askForVersion(client: NodeClient, timeoutMs: number): Promise<ProbeResult> {
  const response = await client.request({ method: 'GET', path: '/version', timeoutMs });
  if (response.status === 401 || response.status === 403) {
    return { error: `node ${client.id}: refuses node_master_key (HTTP ${response.status})`, cause: 'key' };
  }
  if (response.status === 200) return { version: readVersion(response) };
  return { error: `node ${client.id}: GET /version answered HTTP ${response.status}`, cause: 'unusable' };
}

/**
 * One look at a node: `GET /health`, which needs no key, then if wanted `GET /version`, which does and so also finds a
 * wrong key.
 */
export async function probe(client: NodeClient, timeoutMs: number, askVersion: boolean): Promise<ProbeResult> {
  try {
    const response = await client.request({ method: 'GET', path: '/health', timeoutMs });
    if (response.status !== 200) {
      return { error: `node ${client.id}: GET /health answered HTTP ${response.status}`, cause: 'unusable' };
    }
    return askVersion ? await askForVersion(client, timeoutMs) : { version: null };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return { error: error.message, cause: error.kind === 'refused' ? 'refused' : 'unusable' };
  }
}
