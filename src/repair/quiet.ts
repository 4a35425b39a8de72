import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { Gate } from '../tasks/gate.ts';
import { createSerial } from '../tasks/serial.ts';
import { writesTo } from '../tasks/shadows.ts';
import type { NodeAccess } from './node-access.ts';
import { allAtOnce } from './signals.ts';

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
   * gets is aborted. The time is short at the first attempt (1) and doubles with each further one, up to the most that is allowed;
   * it is twice as long as `work` is expected to take (milliseconds) at least. Null when it was not enough, with whatever `work` has
   * done by then.
   */
  hold<T>(
    index: IndexRecord,
    patience: { attempt: number; expectedMs?: number },
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
    const failed = await allAtOnce(unknown, signal, ([node, uids], own) => access.anyFailed(node, uids, own));
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
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), ms);
    const within = AbortSignal.any([signal, end.signal]);
    setMaxListeners(0, within);
    try {
      return await work(within);
    } catch (error) {
      if (signal.aborted || !within.aborted) throw error;
      return null;
    } finally {
      clearTimeout(timer);
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
      await allAtOnce(new Set(nodes), signal, (node, own) => access.applied(node, index, own));
    },
    async followed(index, nodes, signal) {
      while (!(await follow(index, nodes, signal))) await sleep(pollMs, undefined, { signal });
    },
    hold(index, { attempt, expectedMs = 0 }, signal, work) {
      const ms = Math.min(maxHoldMs, Math.max(firstHoldMs * 2 ** (attempt - 1), 2 * expectedMs));
      return turns.run(String(index.id), () => holdNow(index, ms, signal, work));
    },
  };
}
