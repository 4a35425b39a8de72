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
}

/** The name of the queue of requests to one node and index. */
export const chainOf = (nodeId: string, physicalUid: string): string => `${nodeId}/${physicalUid}`;

interface Answer {
  status: PartRecord['status'];
  nodeTaskUid?: number;
  error?: string;
}

/** What a node's answer to a write means for the part. */
function readAnswer(response: NodeResponse): Answer {
  if (response.status >= 200 && response.status < 300) {
    const body = JSON.parse(response.text) as { taskUid?: number };
    return body.taskUid === undefined ? { status: 'missed' } : { status: 'enqueued', nodeTaskUid: body.taskUid };
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

  return {
    async send(physicalUid, parts, requests) {
      const lost = new Set<string>();
      return Promise.all(
        parts.map((part, position) =>
          options.chains.run(chainOf(part.nodeId, physicalUid), async (): Promise<PartRecord> => {
            const answer: Answer = lost.has(part.nodeId)
              ? { status: 'missed' }
              : await deliver(part, requests[position]!);
            if (answer.status !== 'enqueued') lost.add(part.nodeId);
            return {
              ...part,
              request: null,
              status: answer.status,
              nodeTaskUid: answer.nodeTaskUid ?? null,
              error: answer.error ?? null,
            };
          }),
        ),
      );
    },
  };
}
