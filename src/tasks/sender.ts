import { LRUCache } from 'lru-cache';
import type { NodeClient, NodeRequest } from '../nodes/client.ts';
import { NodeError } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { PartRecord } from '../store/records.ts';
import { isRepeatable, readReply, settledPart, type WriteReply } from './answers.ts';
import { newestNodeTask } from './node-tasks.ts';
import { type AskedNode, patiently } from './patience.ts';
import { canBe, lookForTasks } from './reconcile.ts';
import type { Serial } from './serial.ts';
import type { Timing } from './timing.ts';

/** What became of a write whose answer was lost, for metrics. */
export type LostAnswer = 'found' | 'resent' | 'given_up';

/** What sending needs of the cluster. */
export interface SenderOptions {
  clients: { get(nodeId: string): NodeClient | undefined };
  up(nodeId: string): boolean;
  /** Have the node probed at once; resolves when the result shows in `up`. */
  probe(nodeId: string): Promise<void>;
  /** Milliseconds a node may take to accept a write; uploads of a whole batch and repetitions included. */
  writeTimeoutMs: number;
  /** Milliseconds without an answer after which the node is probed. */
  probeAfterMs: number;
  /** How often a write that a node certainly did not take is sent again. */
  resends: number;
  chains: Serial;
  timing: Timing;
  log: Logger;
  onLostAnswer(outcome: LostAnswer): void;
}

/** Hands the parts of tasks to nodes: to one node and index strictly one after the other, in task order (invariant 5). */
export interface Sender {
  /**
   * Queue the requests of one task, in part order, behind all that were queued before for the same node and index.
   * Resolves with the parts as the nodes answered: `enqueued` with a node task uid, `failed` with the node's refusal,
   * `missed`, or `unknown` when the answer was lost and the node could not be asked. Never rejects. `recorded` resolves
   * once the parts are in the store, and never rejects: nothing follows a part that was not taken before that, so that after a crash the
   * node's own tasks tell which parts it took.
   */
  send(
    physicalUid: string,
    parts: readonly PartRecord[],
    requests: readonly NodeRequest[],
    recorded: Promise<unknown>,
  ): Promise<PartRecord[]>;
}

/** One node and index. */
interface Chain {
  /** The node's newest task of the index; null until it was asked for it. */
  newest: number | null;
  /** `elapsed()` until which a request that was given up may still arrive at the node, so that no task is ours for sure. */
  doubtfulUntil: number;
}

/** Chains remembered; one that was forgotten asks its node once more. */
const rememberedChains = 20_000;
/** Milliseconds after which a request that was given up is no longer expected at the node. */
const doubtMs = 60_000;
/** Milliseconds before the first repetition; each further one waits twice as long. */
const firstPauseMs = 100;

/** A sender over the given clients. */
export function createSender(options: SenderOptions): Sender {
  const { timing, log } = options;
  const chains = new LRUCache<string, Chain>({ max: rememberedChains });
  /** By chain, the recording of the last part that was not taken. */
  const unrecorded = new Map<string, Promise<unknown>>();

  function chainOf(key: string): Chain {
    const known = chains.get(key);
    if (known !== undefined) return known;
    const chain: Chain = { newest: null, doubtfulUntil: 0 };
    chains.set(key, chain);
    return chain;
  }

  /** Whether the chain may be written to now: misses are recorded, and the node's newest task is known. */
  async function prepare(client: AskedNode, physicalUid: string, key: string, chain: Chain): Promise<boolean> {
    const waiting = unrecorded.get(key);
    if (waiting !== undefined) {
      await Promise.race([waiting, timing.sleep(options.writeTimeoutMs)]);
      if (unrecorded.get(key) === waiting) return false;
    }
    if (chain.newest !== null) return true;
    try {
      // what was given up shows during several looks, if it shows at all
      const late = chain.doubtfulUntil > timing.elapsed();
      if (late && (await lookForTasks(client, physicalUid, -1, timing, () => false)) === null) return false;
      chain.newest = await newestNodeTask(client, physicalUid);
      return true;
    } catch (error) {
      if (error instanceof NodeError) return false;
      throw error;
    }
  }

  /** The node's task that this part became after all; `none`, or null when that cannot be known. */
  async function findTask(client: AskedNode, physicalUid: string, chain: Chain, part: PartRecord, attempts: number) {
    if (!options.up(part.nodeId) || chain.doubtfulUntil > timing.elapsed()) return null;
    const tasks = await lookForTasks(client, physicalUid, chain.newest ?? -1, timing, (found) => found.length > 0);
    if (tasks === null || tasks.length > attempts || !tasks.every((task) => canBe(part.step, task))) return null;
    return tasks.at(-1)?.uid ?? 'none';
  }

  function ask(client: AskedNode, part: PartRecord, request: NodeRequest, timeoutMs: number): Promise<WriteReply> {
    return client.request({ ...request, timeoutMs, ownConnection: true }).then(
      (response) => {
        const reply = readReply(response);
        if (reply.kind === 'taken' || reply.kind === 'refused') return reply;
        const text = response.text.slice(0, 300);
        log.error({ node: part.nodeId, task: part.taskUid, status: response.status, text }, 'node refused a write');
        return reply;
      },
      (error: unknown) => {
        const kind = error instanceof NodeError ? error.kind : 'broken';
        log.warn({ node: part.nodeId, task: part.taskUid, kind, err: error }, 'no answer to a write');
        return kind === 'refused' ? { kind: 'unsent' } : { kind: 'lost', cut: kind === 'broken' };
      },
    );
  }

  async function deliver(physicalUid: string, key: string, part: PartRecord, request: NodeRequest) {
    const known = options.clients.get(part.nodeId);
    if (known === undefined || !options.up(part.nodeId)) return settledPart(part, 'missed');
    const client = patiently(options, known);
    const chain = chainOf(key);
    if (!(await prepare(client, physicalUid, key, chain))) return settledPart(part, 'missed');
    const deadline = timing.elapsed() + options.writeTimeoutMs;
    let mayHaveArrived = 0;
    for (let attempt = 0; ; attempt++) {
      const reply = await ask(client, part, request, Math.max(1, Math.ceil(deadline - timing.elapsed())));
      if (reply.kind === 'taken') {
        chain.newest = reply.uid;
        return settledPart(part, 'enqueued', reply);
      }
      if (reply.kind === 'refused') return settledPart(part, 'failed', reply);
      if (reply.kind === 'declined') return settledPart(part, 'missed');
      if (reply.kind === 'lost') {
        mayHaveArrived++;
        const uid = await findTask(client, physicalUid, chain, part, mayHaveArrived);
        if (typeof uid === 'number') {
          options.onLostAnswer('found');
          chain.newest = uid;
          return settledPart(part, 'enqueued', { kind: 'taken', uid });
        }
        if (uid === null || !reply.cut || !isRepeatable(request)) return giveUp(chain, part);
      }
      const pause = firstPauseMs * 2 ** attempt;
      const again = attempt < options.resends && timing.elapsed() + pause < deadline;
      if (again) await timing.sleep(pause);
      if (!again || !options.up(part.nodeId)) {
        return mayHaveArrived > 0 ? giveUp(chain, part) : settledPart(part, 'missed');
      }
      if (mayHaveArrived > 0) options.onLostAnswer('resent');
    }
  }

  /** The request may still arrive: the next one asks anew what the node has, and for a while trusts no task it does not know. */
  function giveUp(chain: Chain, part: PartRecord): PartRecord {
    options.onLostAnswer('given_up');
    chain.newest = null;
    chain.doubtfulUntil = timing.elapsed() + doubtMs;
    return settledPart(part, 'unknown');
  }

  function holdUntil(key: string, recorded: Promise<unknown>): void {
    const waiting = recorded.then(() => {
      if (unrecorded.get(key) === waiting) unrecorded.delete(key);
    });
    unrecorded.set(key, waiting);
  }

  return {
    async send(physicalUid, parts, requests, recorded) {
      const lost = new Set<string>();
      return Promise.all(
        parts.map((part, position) => {
          const key = `${part.nodeId}/${physicalUid}`;
          return options.chains.run(key, async (): Promise<PartRecord> => {
            if (lost.has(part.nodeId)) return settledPart(part, 'missed');
            const sent = await deliver(physicalUid, key, part, requests[position]!);
            if (sent.status === 'enqueued') return sent;
            lost.add(part.nodeId);
            holdUntil(key, recorded);
            return sent;
          });
        }),
      );
    },
  };
}
