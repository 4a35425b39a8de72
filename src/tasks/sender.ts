import { LRUCache } from 'lru-cache';
import type { NodeClient, NodeRequest } from '../nodes/client.ts';
import { NodeError } from '../nodes/client.ts';
import type { Timing } from '../nodes/timing.ts';
import type { Logger } from '../observability/log.ts';
import type { PartRecord } from '../store/records.ts';
import { isRepeatable, readReply, settledPart, type WriteReply } from './answers.ts';
import { createNodeDisks, type NodeDisk } from './node-disks.ts';
import { type NodeTaskHead, newestNodeTask } from './node-tasks.ts';
import { type AskedNode, patiently } from './patience.ts';
import { canBe, lookForTasks } from './reconcile.ts';
import type { Serial } from './serial.ts';

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
  /** A node's answer tells that it has another disk than before; what was sent to it is known to be there no more. */
  onOtherDisk(nodeId: string): void;
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
  /**
   * Run what else changes an index on a node, a repair for example, in line with the writes to it, so that neither
   * overtakes the other and its tasks are not taken for a write whose answer was lost. All such work has to go this way.
   * `work` is told the uid of the last task whose part was queued before, -1 when none is known.
   */
  inLine<T>(nodeId: string, physicalUid: string, work: (afterTask: number) => Promise<T>): Promise<T>;
  /** A node has a task that is none of those sent here: whatever is sent from now on gets a higher uid. */
  nodeHas(nodeId: string, taskUid: number): void;
  /** A node was found to have another disk: what it has taken of tasks that are still being sent counts as missed. */
  loseNode(nodeId: string): void;
}

/** One node and index. */
interface Chain {
  /** The node's newest task of the index; null until it was asked for it. */
  newest: number | null;
  /** `elapsed()` until which a request that was given up may still arrive at the node, so that no task is ours for sure. */
  doubtfulUntil: number;
  /** The last task of which a part was queued; -1 when none is known. */
  lastTask: number;
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
  // a bound by size, unlike one by count, takes no memory in advance
  const chains = new LRUCache<string, Chain>({ maxSize: rememberedChains, sizeCalculation: () => 1 });
  const disks = createNodeDisks();
  /** By chain, the recording of the last part that was not taken. */
  const unrecorded = new Map<string, Promise<unknown>>();

  function chainOf(key: string): Chain {
    const known = chains.get(key);
    if (known !== undefined) return known;
    const chain: Chain = { newest: null, doubtfulUntil: 0, lastTask: -1 };
    chains.set(key, chain);
    return chain;
  }

  /** Whether the chain may be written to now: misses are recorded, and the node's newest task is known. */
  async function prepare(client: AskedNode, physicalUid: string, key: string, chain: Chain): Promise<boolean> {
    const waiting = unrecorded.get(key);
    if (waiting !== undefined) {
      await Promise.race([waiting, timing.later(options.writeTimeoutMs)]);
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

  /** The node's task that a part became after all, `none`, or `unsure` when that cannot be known. */
  async function findTask(
    client: AskedNode,
    physicalUid: string,
    chain: Chain,
    part: PartRecord,
    attempts: number,
  ): Promise<NodeTaskHead | 'none' | 'unsure'> {
    if (!options.up(part.nodeId) || chain.doubtfulUntil > timing.elapsed()) return 'unsure';
    const tasks = await lookForTasks(client, physicalUid, chain.newest ?? -1, timing, (found) => found.length > 0);
    if (tasks === null || tasks.length > attempts || !tasks.every((task) => canBe(part.step, task))) return 'unsure';
    return tasks.at(-1) ?? 'none';
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
    const disk = disks.of(part.nodeId);
    let lost = 0;
    for (let attempt = 0; ; attempt++) {
      const newest = disk.newest;
      const reply = await ask(client, part, request, Math.max(1, Math.ceil(deadline - timing.elapsed())));
      if (reply.kind === 'taken' && reply.uid <= newest) return takenElsewhere(chain, part);
      if (reply.kind !== 'lost' && reply.kind !== 'unsent') return accept(chain, disk, part, reply);
      if (reply.kind === 'lost') {
        lost++;
        const found = await findTask(client, physicalUid, chain, part, lost);
        if (typeof found === 'object') {
          options.onLostAnswer('found');
          return accept(chain, disk, part, { kind: 'taken', ...found });
        }
        if (found === 'unsure' || !reply.cut || !isRepeatable(request)) return giveUp(chain, part);
      }
      if (!(await mayTryAgain(part.nodeId, attempt, deadline))) {
        return lost > 0 ? giveUp(chain, part) : settledPart(part, 'missed');
      }
      if (lost > 0) options.onLostAnswer('resent');
    }
  }

  /** Waits a little, twice as long each time, unless the time or the attempts are used up. */
  async function mayTryAgain(nodeId: string, attempt: number, deadline: number): Promise<boolean> {
    const pause = firstPauseMs * 2 ** attempt;
    if (attempt >= options.resends || timing.elapsed() + pause >= deadline) return false;
    await timing.sleep(pause);
    return options.up(nodeId);
  }

  function accept(
    chain: Chain,
    disk: NodeDisk,
    part: PartRecord,
    reply: Exclude<WriteReply, { kind: 'lost' | 'unsent' }>,
  ): PartRecord {
    if (reply.kind === 'taken') {
      chain.newest = reply.uid;
      disk.newest = Math.max(disk.newest, reply.uid);
    }
    const status = { taken: 'enqueued', refused: 'failed', declined: 'missed' } as const;
    return settledPart(part, status[reply.kind], reply);
  }

  /** The node took it on a disk that lacks what it took before. */
  function takenElsewhere(chain: Chain, part: PartRecord): PartRecord {
    log.error({ node: part.nodeId, task: part.taskUid }, 'node has forgotten its tasks: it has another disk');
    chain.newest = null;
    disks.lost(part.nodeId);
    options.onOtherDisk(part.nodeId);
    return settledPart(part, 'unknown');
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

  const keyOf = (nodeId: string, physicalUid: string) => `${nodeId}/${physicalUid}`;

  return {
    inLine(nodeId, physicalUid, work) {
      const key = keyOf(nodeId, physicalUid);
      const { lastTask } = chainOf(key);
      return options.chains.run(key, async () => {
        const chain = chainOf(key);
        chain.newest = null;
        try {
          return await work(lastTask);
        } catch (error) {
          // some of it may still arrive
          chain.doubtfulUntil = timing.elapsed() + doubtMs;
          throw error;
        }
      });
    },
    nodeHas: (nodeId, taskUid) => disks.has(nodeId, taskUid),
    loseNode: (nodeId) => disks.lost(nodeId),
    async send(physicalUid, parts, requests, recorded) {
      const lost = new Set<string>();
      const before = new Map(parts.map(({ nodeId }) => [nodeId, disks.of(nodeId)]));
      const sent = await Promise.all(
        parts.map((part, position) => {
          const key = keyOf(part.nodeId, physicalUid);
          chainOf(key).lastTask = part.taskUid;
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
      const isGone = ({ nodeId, status }: PartRecord) =>
        status === 'enqueued' && before.get(nodeId) !== disks.of(nodeId);
      return sent.map((part) => (isGone(part) ? settledPart(part, 'missed') : part));
    },
  };
}
