import type { NodeClient } from '../nodes/client.ts';
import { NodeError } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { PartRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTasks } from './active.ts';
import { type Clock, rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Finisher } from './finisher.ts';
import { missedWrites } from './missed-log.ts';
import { pollNode } from './node-tasks.ts';

/** Bounds of the pause between two looks at the nodes, in milliseconds: a quarter of the youngest open task's age. */
const shortestPause = 8;
const longestPause = 1_000;

/** What polling is built from. */
export interface PollerOptions {
  state: ClusterState;
  active: ActiveTasks;
  clients: { get(nodeId: string): NodeClient | undefined };
  finisher: Finisher;
  now: Clock;
  log: Logger;
}

/** Watches the nodes' tasks until the tasks of clients have ended, and ends them. */
export interface Poller {
  start(): void;
  /** Resolves once a look that is under way is over. */
  stop(): Promise<void>;
  /** Something was sent: look soon. */
  wake(): void;
  /** Parts whose task, of an index, has ended but which their node has yet to work off: the node's copies lag until then. */
  watchLagging(parts: readonly PartRecord[], indexId: number): void;
  /** The node has another disk: what it had accepted and not done, it will never do. */
  loseNode(nodeId: string): Promise<void>;
}

interface Lagging {
  part: PartRecord;
  indexId: number;
}

const isOpen = (part: PartRecord): boolean =>
  (part.status === 'enqueued' || part.status === 'processing') && part.nodeTaskUid !== null;

/** Builds the poller. */
export function createPoller(options: PollerOptions): Poller {
  const { state, active } = options;
  let lagging: Lagging[] = [];
  let running: Promise<void> | null = null;
  let stopped = false;
  let alarm: (() => void) | null = null;

  function pause(): number {
    const newest = Math.max(0, ...[...active.all()].map((task) => Date.parse(task.record.enqueuedAt)));
    if (newest === 0) return longestPause;
    return Math.min(longestPause, Math.max(shortestPause, (options.now() - newest) / 4));
  }

  async function sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      alarm = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    alarm = null;
  }

  function openByNode(): Map<string, PartRecord[]> {
    const byNode = new Map<string, PartRecord[]>();
    const add = (part: PartRecord) => {
      if (!isOpen(part) || !state.view.up(part.nodeId)) return;
      const list = byNode.get(part.nodeId);
      if (list === undefined) byNode.set(part.nodeId, [part]);
      else list.push(part);
    };
    for (const task of active.all()) if (task.record.phase === 'sent') task.parts.forEach(add);
    for (const { part } of lagging) add(part);
    return byNode;
  }

  /** A lagging part has ended: its copies may be read again, or are stale if it did not succeed. */
  async function endLag({ part, indexId }: Lagging): Promise<void> {
    const index = state.catalog.byId(indexId);
    const changes: StoreChange[] = [{ kind: 'putPart', record: part }];
    if (part.status !== 'succeeded' && index !== null) {
      const since = rfc3339(options.now());
      const reason = `did not follow task ${part.taskUid}`;
      const missed = state.shardsOfPart(part, index).map((shard) => ({ shard, nodeId: part.nodeId }));
      const task = { touched: null, record: { uid: part.taskUid } };
      changes.push(...missedWrites(state.copies, task, indexId, missed));
      for (const { shard } of missed) {
        changes.push(...markStale(state.copies, { indexId, shard, nodeId: part.nodeId, since, reason }));
      }
    }
    await state.commit(changes);
    state.copies.addLag(indexId, part.nodeId, -1);
  }

  async function update(changed: PartRecord): Promise<void> {
    const task = active.get(changed.taskUid);
    if (task !== undefined) {
      task.parts = task.parts.map((part) => (part.part === changed.part ? changed : part));
      return;
    }
    const entry = lagging.find(({ part }) => part.taskUid === changed.taskUid && part.part === changed.part);
    if (entry === undefined) return;
    entry.part = changed;
    if (isOpen(changed)) return;
    lagging = lagging.filter((other) => other !== entry);
    await endLag(entry);
  }

  async function look(): Promise<void> {
    const changes = await Promise.all(
      [...openByNode()].map(async ([nodeId, parts]) => {
        const client = options.clients.get(nodeId);
        if (client === undefined) return [];
        try {
          return await pollNode(client, parts);
        } catch (error) {
          if (!(error instanceof NodeError)) throw error;
          return [];
        }
      }),
    );
    for (const changed of changes.flat()) await update(changed);
    await options.finisher.advanceAll();
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      await look().catch((error: unknown) => options.log.error({ err: error }, 'could not follow the nodes’ tasks'));
      if (!stopped) await sleep(pause());
    }
  }

  return {
    start() {
      running ??= loop();
    },
    async stop() {
      stopped = true;
      alarm?.();
      await running;
    },
    wake() {
      alarm?.();
    },
    async loseNode(nodeId) {
      const lost = (part: PartRecord) => part.nodeId === nodeId && isOpen(part);
      const open = [...active.all()].flatMap(({ parts }) => parts).filter(lost);
      const late = lagging.map(({ part }) => part).filter(lost);
      for (const part of [...open, ...late]) await update({ ...part, status: 'missed', request: null });
    },
    watchLagging(parts, indexId) {
      for (const part of parts) {
        const written = part.shadowId ?? indexId;
        lagging.push({ part, indexId: written });
        state.copies.addLag(written, part.nodeId, 1);
      }
    },
  };
}
