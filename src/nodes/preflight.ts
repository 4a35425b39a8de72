import { setTimeout as sleep } from 'node:timers/promises';
import { createNodeClient } from './client.ts';
import { type ProbeResult, probe } from './probe.ts';

/** Where to look. */
export interface PreflightOptions {
  nodes: readonly { id: string; address: string }[];
  /** The nodes' master key. */
  apiKey?: string;
  /** Milliseconds for one probe. */
  timeoutMs: number;
  /** Milliseconds to wait for a first node to answer; nodes are often started together with Miroir. */
  patienceMs: number;
  /** Called once when nobody answered at first. */
  onWait?: () => void;
  signal?: AbortSignal;
}

/** What was found. */
export interface PreflightResult {
  reachable: string[];
  /** Nodes that answer but do not take the key, with the reason. */
  refusing: { id: string; address: string; error: string }[];
  /** Nodes that give no usable answer. */
  unreachable: { id: string; address: string; error: string }[];
}

async function look(options: PreflightOptions): Promise<PreflightResult> {
  const result: PreflightResult = { reachable: [], refusing: [], unreachable: [] };
  const probed = await Promise.all(
    options.nodes.map(async ({ id, address }): Promise<[string, string, ProbeResult]> => {
      const client = createNodeClient({ id, address, apiKey: options.apiKey, timeoutMs: options.timeoutMs });
      try {
        return [id, address, await probe(client, options.timeoutMs, true)];
      } finally {
        await client.close();
      }
    }),
  );
  for (const [id, address, found] of probed) {
    if (!('error' in found)) result.reachable.push(id);
    else (found.cause === 'key' ? result.refusing : result.unreachable).push({ id, address, error: found.error });
  }
  return result;
}

/** Looks at every node before the start, so that a wrong address or key is told at once and in words. */
export async function checkNodes(options: PreflightOptions): Promise<PreflightResult> {
  const deadline = performance.now() + options.patienceMs;
  for (let round = 1; ; round++) {
    const result = await look(options);
    const anybody = result.reachable.length > 0 || result.refusing.length > 0;
    if (anybody || performance.now() >= deadline || options.signal?.aborted === true) return result;
    if (round === 1) options.onWait?.();
    await sleep(250);
  }
}
