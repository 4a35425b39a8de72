import { type NodeClient, NodeError } from './client.ts';
import type { Health } from './health.ts';

/**
 * The client, except that its requests end as soon as the node goes down: a write to a node that hangs then waits for a few
 * probes and not for its whole timeout. The error is that of a timeout, since the node may have taken the request.
 */
export function givingUpWhenDown(client: NodeClient, health: Pick<Health, 'whenDown'>): NodeClient {
  return {
    id: client.id,
    async request(request) {
      const controller = new AbortController();
      const forget = health.whenDown(client.id, () => controller.abort());
      const signals = [controller.signal, ...(request.signal === undefined ? [] : [request.signal])];
      try {
        return await client.request({ ...request, signal: AbortSignal.any(signals) });
      } catch (error) {
        if (!controller.signal.aborted) throw error;
        throw new NodeError(client.id, 'timeout', 'it went down before it answered', error);
      } finally {
        forget();
      }
    },
    close: () => client.close(),
  };
}
