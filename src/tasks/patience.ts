import { type NodeClient, NodeError, type NodeRequest, type NodeResponse } from '../nodes/client.ts';
import type { Timing } from '../nodes/timing.ts';

/** What waiting for a node is bounded by. */
export interface PatienceOptions {
  up(nodeId: string): boolean;
  /** Have the node probed at once; resolves when the result shows in `up`. */
  probe(nodeId: string): Promise<void>;
  /** Milliseconds without an answer after which the node is probed, again and again. */
  probeAfterMs: number;
  timing: Timing;
}

/** A node to be asked. */
export type AskedNode = Pick<NodeClient, 'id' | 'request'>;

/**
 * A node whose answers are waited for as long as it shows signs of life: one that accepts connections and never answers is
 * found out by probes, and then not waited for until the request's own timeout.
 */
export function patiently(options: PatienceOptions, client: AskedNode): AskedNode {
  return { id: client.id, request: (request) => ask(options, client, request) };
}

async function ask(
  { up, probe, probeAfterMs, timing }: PatienceOptions,
  client: AskedNode,
  request: NodeRequest,
): Promise<NodeResponse> {
  const given = new AbortController();
  let answered = false;
  const response = client.request({ ...request, signal: given.signal }).finally(() => {
    answered = true;
  });

  async function watch(): Promise<NodeResponse> {
    await timing.later(probeAfterMs);
    while (!answered) {
      const began = timing.elapsed();
      await probe(client.id);
      if (!answered && !up(client.id)) {
        given.abort();
        throw new NodeError(client.id, 'aborted', 'it went down before it answered');
      }
      await timing.later(Math.max(1, probeAfterMs - (timing.elapsed() - began)));
    }
    return response;
  }
  return Promise.race([response, watch()]);
}
