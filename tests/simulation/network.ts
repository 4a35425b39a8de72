import { type NodeClient, NodeError, type NodeRequest, type NodeResponse } from '../../src/nodes/client.ts';
import type { HealthOutcome } from '../../src/nodes/health.ts';
import type { Rng } from '../support/rng.ts';
import type { SimNode } from './sim-node.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How the line to a node behaves. */
export interface Line {
  /** Share of requests, and of answers, that are lost. */
  loss: number;
  /** The node takes nothing and answers nothing. */
  hung: boolean;
}

/** Milliseconds when a request names no timeout. */
const defaultTimeoutMs = 5_000;

/** A client whose requests and answers travel over a line that delays and loses them; `alive` is false once its Miroir is dead. */
export function createSimClient(
  node: SimNode,
  line: Line,
  {
    time,
    rng,
    alive,
    onOutcome,
  }: { time: VirtualTime; rng: Rng; alive(): boolean; onOutcome(outcome: HealthOutcome): void },
): NodeClient {
  const never = () => new Promise<never>(() => undefined);
  const travel = () => time.sleep(rng.chance(0.05) ? rng.int(400) : rng.int(15));

  /** The answer, or never when something was lost on the way. Throws when nothing listens, or the node dies meanwhile. */
  async function exchange(request: NodeRequest): Promise<NodeResponse> {
    await travel();
    if (!alive()) return never();
    if (!node.up) throw new NodeError(node.id, 'refused', 'cannot connect');
    if (line.hung || rng.chance(line.loss)) return never();
    const life = node.life;
    const answer = node.handle(request);
    await travel();
    if (!alive() || rng.chance(line.loss)) return never();
    if (line.hung) return never();
    if (node.life !== life) throw new NodeError(node.id, 'broken', 'connection reset');
    return answer;
  }

  async function request(asked: NodeRequest): Promise<NodeResponse> {
    const aborted = () => new NodeError(node.id, 'aborted', 'request aborted');
    const { signal, timeoutMs = defaultTimeoutMs } = asked;
    if (signal?.aborted === true) throw aborted();
    let forget = () => {};
    const givenUp = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new NodeError(node.id, 'timeout', 'no answer in time')), timeoutMs);
      const abort = () => reject(aborted());
      signal?.addEventListener('abort', abort);
      forget = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
    });
    try {
      return await Promise.race([exchange(asked), givenUp]);
    } finally {
      forget();
    }
  }

  return {
    id: node.id,
    async request(asked) {
      try {
        const response = await request(asked);
        if (!alive()) return never();
        onOutcome({ nodeId: node.id, status: response.status });
        return response;
      } catch (error) {
        if (!alive()) return never();
        onOutcome({ nodeId: node.id, error: error as NodeError });
        throw error;
      }
    },
    close: async () => undefined,
  };
}
