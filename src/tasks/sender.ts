import type { NodeClient, NodeRequest, NodeResponse } from '../nodes/client.ts';
import { NodeError } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { PartRecord } from '../store/records.ts';
import type { Serial } from './serial.ts';

/** What sending needs of the cluster. */
export interface SenderOptions {
  clients: { get(nodeId: string): NodeClient | undefined };
  up(nodeId: string): boolean;
  /** Milliseconds a node may take to accept a write; uploads of a whole batch included. */
  writeTimeoutMs: number;
  chains: Serial;
  log: Logger;
}

/** Hands the parts of tasks to nodes: to one node and index strictly one after the other, in task order (invariant 5). */
export interface Sender {
  /**
   * Queue the requests of one task, in part order, behind all that were queued before for the same node and index.
   * Resolves with the parts as the nodes answered: `enqueued` with a node task uid, `failed` with the node's refusal, or
   * `missed`. Never rejects.
   */
  send(physicalUid: string, parts: readonly PartRecord[], requests: readonly NodeRequest[]): Promise<PartRecord[]>;
  /**
   * Do something else in the same order: behind all that was queued before for the node and index, ahead of what comes later.
   * `work` is told the uid of the last task whose part was queued before, -1 when there was none since the start.
   */
  between<T>(nodeId: string, physicalUid: string, work: (afterTask: number) => Promise<T>): Promise<T>;
}

interface Answer {
  status: PartRecord['status'];
  nodeTaskUid?: number;
  nodeEnqueuedAt?: string | undefined;
  error?: string;
}

/** What a node's answer to a write means for the part. */
function readAnswer(response: NodeResponse): Answer {
  if (response.status >= 200 && response.status < 300) {
    const { taskUid, enqueuedAt } = JSON.parse(response.text) as { taskUid?: number; enqueuedAt?: string };
    if (taskUid === undefined) return { status: 'missed' };
    return { status: 'enqueued', nodeTaskUid: taskUid, nodeEnqueuedAt: enqueuedAt };
  }
  if (response.status >= 400 && response.status < 500 && response.status !== 401 && response.status !== 403) {
    return { status: 'failed', error: response.text };
  }
  return { status: 'missed' };
}

/** A sender over the given clients. */
export function createSender(options: SenderOptions): Sender {
  async function deliver(part: PartRecord, request: NodeRequest): Promise<Answer> {
    const client = options.clients.get(part.nodeId);
    if (client === undefined || !options.up(part.nodeId)) return { status: 'missed' };
    try {
      const response = await client.request({ timeoutMs: options.writeTimeoutMs, ...request });
      const answer = readAnswer(response);
      if (answer.status === 'missed') {
        options.log.error(
          { node: part.nodeId, task: part.taskUid, status: response.status, answer: response.text.slice(0, 300) },
          'node refused a write',
        );
      }
      return answer;
    } catch (error) {
      const kind = error instanceof NodeError ? error.kind : 'broken';
      const reason = error instanceof Error ? error.message : String(error);
      options.log.warn({ node: part.nodeId, task: part.taskUid, kind, reason }, 'node did not take a write');
      return { status: 'missed' };
    }
  }

  /** Per node and index, the last task of which something was queued. */
  const lastTask = new Map<string, number>();

  return {
    between(nodeId, physicalUid, work) {
      const chain = `${nodeId}/${physicalUid}`;
      const afterTask = lastTask.get(chain) ?? -1;
      return options.chains.run(chain, () => work(afterTask));
    },
    async send(physicalUid, parts, requests) {
      const lost = new Set<string>();
      for (const { nodeId, taskUid } of parts) lastTask.set(`${nodeId}/${physicalUid}`, taskUid);
      return Promise.all(
        parts.map((part, position) =>
          options.chains.run(`${part.nodeId}/${physicalUid}`, async (): Promise<PartRecord> => {
            const answer: Answer = lost.has(part.nodeId)
              ? { status: 'missed' }
              : await deliver(part, requests[position]!);
            if (answer.status !== 'enqueued') lost.add(part.nodeId);
            return {
              ...part,
              request: null,
              status: answer.status,
              nodeTaskUid: answer.nodeTaskUid ?? null,
              nodeEnqueuedAt: answer.nodeEnqueuedAt ?? null,
              error: answer.error ?? null,
            };
          }),
        ),
      );
    },
  };
}
