import type { Logger } from '../observability/log.ts';
import { holdsCopy } from '../placement/view.ts';
import type { StaleCopy } from '../store/records.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { newProgress, type RepairProgress } from './progress.ts';
import { type CopyGroup, chooseSources, type RepairCopies } from './repair-copies.ts';
import { createStopping } from './signals.ts';

/** What scheduling repairs is built from. */
export interface RepairSchedulerOptions {
  state: Pick<ClusterState, 'catalog' | 'copies' | 'view'>;
  repair: RepairCopies;
  /** Makes sure that the node has the index although there is no copy to repair its own from. */
  prepareAlone(group: CopyGroup, signal: AbortSignal): Promise<void>;
  /** Whether a stale copy may be filled now; moving can be paused, or its node be full. */
  may(mark: StaleCopy): boolean;
  maxConcurrent: number;
  /** Called after each repair, which took so many seconds. */
  onEnded(repair: RepairStatus, succeeded: boolean, seconds: number): void;
  log: Logger;
}

/** The repair of the stale copies of one index on one node, for operators. */
export interface RepairStatus extends RepairProgress {
  indexId: number;
  nodeId: string;
  /** Copies that are repaired together. */
  shards: number[];
  /** Whether they are being filled for the first time, because the topology has changed. */
  moving: boolean;
  /** Why the last attempt failed; null when there was none or it did not. */
  lastError: string | null;
}

/** Repairs stale copies as soon as their node can be used. */
export interface RepairScheduler {
  start(): void;
  stop(): Promise<void>;
  status(): RepairStatus[];
}

/** Stale copies of one index on one node. */
interface StaleGroup extends CopyGroup {
  moving: boolean;
}

interface Attempt {
  group: StaleGroup;
  running: Promise<void> | null;
  progress: RepairProgress;
  failures: number;
  /** Not to be tried before, by the clock that only goes forward. */
  notBefore: number;
  lastError: string | null;
}

const tickMs = 250;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Stale copies by index and node, of indexes that are in use. */
function staleGroups({ state, may }: Pick<RepairSchedulerOptions, 'state' | 'may'>): StaleGroup[] {
  const { catalog, copies, view } = state;
  const groups = new Map<string, StaleGroup & { shards: number[] }>();
  for (const mark of copies.stale()) {
    const { indexId, nodeId, shard } = mark;
    const index = catalog.byId(indexId);
    if (index?.state !== 'active' || !view.up(nodeId) || !may(mark)) continue;
    if (!holdsCopy(view, index, shard, nodeId)) continue;
    const name = `${indexId}/${nodeId}`;
    const group = groups.get(name) ?? { index, nodeId, shards: [], moving: false };
    groups.set(name, group);
    group.shards.push(shard);
    group.moving ||= mark.cause === 'moving';
  }
  return [...groups.values()];
}

/** Builds it: all stale copies of one index on one node are repaired together; who has waited longest comes first. */
export function createRepairScheduler(options: RepairSchedulerOptions): RepairScheduler {
  const { state, log } = options;
  const attempts = new Map<string, Attempt>();
  const stopping = createStopping();
  let timer: NodeJS.Timeout | null = null;

  function repairable(group: CopyGroup): CopyGroup {
    const has = (shard: number) => {
      try {
        return chooseSources({ ...group, shards: [shard] }, state).size > 0;
      } catch {
        return false;
      }
    };
    return { ...group, shards: group.shards.filter(has) };
  }

  async function work(attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { group } = attempt;
    const possible = repairable(group);
    if (possible.shards.length === 0) {
      await options.prepareAlone(group, signal);
      throw new Error('no other copy is in sync');
    }
    await options.repair(possible, attempt.progress, signal);
  }

  const factsOf = ({ index, nodeId, shards }: StaleGroup) => ({
    index: index.uid,
    node: nodeId,
    shards: shards.length,
  });

  const statusOf = ({ group, progress, lastError }: Attempt): RepairStatus => ({
    ...progress,
    indexId: group.index.id,
    nodeId: group.nodeId,
    shards: [...group.shards],
    moving: group.moving,
    lastError,
  });

  /** Progress that tells the log how a move gets on. */
  function reportedProgress(group: StaleGroup): RepairProgress {
    return newProgress((phase) => log[group.moving ? 'info' : 'debug']({ ...factsOf(group), phase }, 'filling copies'));
  }

  async function run(name: string, attempt: Attempt): Promise<void> {
    const facts = factsOf(attempt.group);
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1_000;
    try {
      await stopping.run((signal) => work(attempt, signal));
      const { copied, deleted, compared, bytes } = attempt.progress;
      const ms = Math.round(seconds() * 1_000);
      log.info({ ...facts, moved: attempt.group.moving, compared, copied, bytes, deleted, ms }, 'repaired copies');
      attempts.delete(name);
      options.onEnded(statusOf(attempt), true, seconds());
    } catch (error) {
      if (stopping.stopped) return;
      attempt.failures++;
      attempt.lastError = (error as Error).message;
      attempt.progress.phase = 'waiting';
      attempt.notBefore = performance.now() + Math.min(longestRetryMs, firstRetryMs * 2 ** (attempt.failures - 1));
      log.warn({ ...facts, reason: attempt.lastError, failures: attempt.failures }, 'copies could not be repaired yet');
      options.onEnded(statusOf(attempt), false, seconds());
    }
  }

  function tick(): void {
    const groups = staleGroups(options);
    const names = new Set(groups.map(({ index, nodeId }) => `${index.id}/${nodeId}`));
    for (const [name, attempt] of attempts) if (attempt.running === null && !names.has(name)) attempts.delete(name);
    for (const group of groups) {
      const name = `${group.index.id}/${group.nodeId}`;
      const known = attempts.get(name);
      if (known === undefined) {
        const idle = { running: null, failures: 0, notBefore: performance.now(), lastError: null };
        attempts.set(name, { group, progress: newProgress(), ...idle });
      } else if (known.running === null) known.group = group;
    }
    const busy = [...attempts.values()].filter(({ running }) => running !== null).length;
    const due = [...attempts]
      .filter(([, { running, notBefore }]) => running === null && notBefore <= performance.now())
      .sort(([, a], [, b]) => a.notBefore - b.notBefore);
    for (const [name, attempt] of due.slice(0, options.maxConcurrent - busy)) {
      attempt.progress = reportedProgress(attempt.group);
      attempt.running = run(name, attempt).finally(() => {
        attempt.running = null;
      });
    }
  }

  return {
    start() {
      timer = setInterval(tick, tickMs);
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      stopping.stop();
      await Promise.all([...attempts.values()].map(({ running }) => running));
    },
    status: () => [...attempts.values()].map(statusOf),
  };
}
