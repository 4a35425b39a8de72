import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { Gate } from '../tasks/gate.ts';
import { createSerial } from '../tasks/serial.ts';
import { writesTo } from '../tasks/shadows.ts';
import type { NodeAccess } from './node-access.ts';

/** What bringing an index to a stand is built from. */
export interface QuietOptions {
  active: Pick<ActiveTasks, 'all'>;
  gate: Pick<Gate, 'closeOnly'>;
  access: Pick<NodeAccess, 'applied' | 'anyFailed'>;
  /** Milliseconds that writes to an index may be held back at a time. */
  maxHoldMs: number;
}

/** Waits until writes are where they should be, and holds new ones back. */
export interface Quiet {
  /** Until every task of the index that is registered has been handed to the nodes, and these have applied it. */
  applied(index: IndexRecord, nodes: Iterable<string>, signal: AbortSignal): Promise<void>;
  /**
   * Until no task of the index that failed on one of these nodes is still to be judged: a node that failed what others did is
   * about to become stale, or was written down as having missed it. To be awaited after `applied`, while writes are held back.
   */
  followed(index: IndexRecord, nodes: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
  /**
   * Hold the writes to an index back while `work` runs, one at a time per index, for a bounded time: then the signal that `work`
   * gets is aborted. The time is short at the first attempt (1) and doubles with each further one, up to the most that is allowed.
   * Null when it was not enough, with whatever `work` has done by then.
   */
  hold<T>(
    index: IndexRecord,
    attempt: number,
    signal: AbortSignal,
    work: (within: AbortSignal) => Promise<T>,
  ): Promise<T | null>;
}

const pollMs = 10;
const firstHoldMs = 1_000;

/** The names of the queues that writes to an index stand in. */
export const queuesOfIndex = (index: IndexRecord): string[] => [...new Set([index.uid, index.acceptedUid])];

/** Builds it. */
export function createQuiet({ active, gate, access, maxHoldMs }: QuietOptions): Quiet {
  const turns = createSerial();

  /** Tasks of the index that are being handed to the nodes. */
  function sending(index: IndexRecord): Set<number> {
    const uids = new Set<number>();
    for (const task of active.all()) {
      if (task.record.phase === 'sending' && writesTo(task, index.id)) uids.add(task.record.uid);
    }
    return uids;
  }

  /** Asks the nodes themselves: with many tasks under way Miroir's own picture of them is late. */
  async function follow(index: IndexRecord, nodes: ReadonlySet<string>, signal: AbortSignal): Promise<boolean> {
    const unknown = new Map<string, number[]>();
    for (const { record, parts } of active.all()) {
      for (const { nodeId, status, nodeTaskUid, shadowId } of parts) {
        if ((shadowId ?? record.indexId) !== index.id) continue;
        if (!nodes.has(nodeId) || status === 'succeeded' || status === 'missed') continue;
        if (nodeTaskUid === null || status === 'failed' || status === 'canceled') return false;
        unknown.set(nodeId, [...(unknown.get(nodeId) ?? []), nodeTaskUid]);
      }
    }
    const failed = await Promise.all([...unknown].map(([node, uids]) => access.anyFailed(node, uids, signal)));
    return !failed.includes(true);
  }

  async function holdNow<T>(
    index: IndexRecord,
    ms: number,
    signal: AbortSignal,
    work: (within: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const hold = await gate.closeOnly(queuesOfIndex(index), ms);
    if (hold === null) return null;
    const within = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    try {
      return await work(within);
    } catch (error) {
      if (signal.aborted || !within.aborted) throw error;
      return null;
    } finally {
      hold.open();
    }
  }

  return {
    async applied(index, nodes, signal) {
      // those of this moment: clients who write all the time would be waited for without end
      let open = sending(index);
      while (open.size > 0) {
        await sleep(pollMs, undefined, { signal });
        const still = sending(index);
        open = new Set([...open].filter((uid) => still.has(uid)));
      }
      await Promise.all([...new Set(nodes)].map((node) => access.applied(node, index, signal)));
    },
    async followed(index, nodes, signal) {
      while (!(await follow(index, nodes, signal))) await sleep(pollMs, undefined, { signal });
    },
    hold(index, attempt, signal, work) {
      const ms = Math.min(maxHoldMs, firstHoldMs * 2 ** (attempt - 1));
      return turns.run(String(index.id), () => holdNow(index, ms, signal, work));
    },
  };
}
