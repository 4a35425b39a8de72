import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { Gate } from '../tasks/gate.ts';
import { createSerial } from '../tasks/serial.ts';
import type { NodeAccess } from './node-access.ts';

/** What bringing an index to a stand is built from. */
export interface QuietOptions {
  active: Pick<ActiveTasks, 'all'>;
  gate: Pick<Gate, 'closeOnly'>;
  access: Pick<NodeAccess, 'applied'>;
  /** Milliseconds that writes to an index may be held back at a time. */
  maxHoldMs: number;
}

/** Waits until writes are where they should be, and holds new ones back. */
export interface Quiet {
  /** Until every task of the index that is registered has been handed to the nodes, and these have applied it. */
  applied(index: IndexRecord, nodes: Iterable<string>, signal: AbortSignal): Promise<void>;
  /**
   * Until it is known that these nodes followed every task of the index: one that failed where others succeeded is about to
   * become stale. To be awaited while writes are held back.
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
      const sending = () =>
        [...active.all()].some(({ record }) => record.indexId === index.id && record.phase === 'sending');
      while (sending()) await sleep(pollMs, undefined, { signal });
      await Promise.all([...new Set(nodes)].map((node) => access.applied(node, index, signal)));
    },
    async followed(index, nodes, signal) {
      const open = () =>
        [...active.all()].some(
          ({ record, parts }) =>
            record.indexId === index.id && parts.some((part) => nodes.has(part.nodeId) && part.status !== 'succeeded'),
        );
      while (open()) await sleep(pollMs, undefined, { signal });
    },
    hold(index, attempt, signal, work) {
      const ms = Math.min(maxHoldMs, firstHoldMs * 2 ** (attempt - 1));
      return turns.run(String(index.id), () => holdNow(index, ms, signal, work));
    },
  };
}
