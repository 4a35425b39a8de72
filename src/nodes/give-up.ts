import { Cancellation } from './cancellation.ts';
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
      const signal = new Cancellation();
      let wentDown = false;
      const forget = health.whenDown(client.id, () => {
        wentDown = true;
        signal.abort();
      });
      const abort = () => signal.abort();
      if (request.signal?.aborted) abort();
      request.signal?.addEventListener('abort', abort, { once: true });
      try {
        return await client.request({ ...request, signal });
      } catch (error) {
        if (!wentDown) throw error;
        throw new NodeError(client.id, 'timeout', 'it went down before it answered', error);
      } finally {
        forget();
        request.signal?.removeEventListener('abort', abort);
      }
    },
    close: () => client.close(),
  };
}
