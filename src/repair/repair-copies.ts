import { setTimeout as sleep } from 'node:timers/promises';
import { holdsCopy } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { type CopyComparison, createCopyComparison } from './copy-comparison.ts';
import { RepairError } from './list-documents.ts';
import type { NodeAccess } from './node-access.ts';
import type { TargetPreparation } from './prepare-target.ts';
import type { RepairProgress } from './progress.ts';
import type { Quiet } from './quiet.ts';
import { createSuspects, type Suspects } from './suspects.ts';
import type { Throttle } from './throttle.ts';
import type { TouchedDocuments, Write } from './touched.ts';

/** What repairing copies is built from. */
export interface RepairCopiesOptions {
  state: Pick<ClusterState, 'store' | 'catalog' | 'copies' | 'view' | 'commit' | 'shardsOn'>;
  active: Pick<ActiveTasks, 'all'>;
  quiet: Quiet;
  access: NodeAccess;
  preparation: TargetPreparation;
  touched: TouchedDocuments;
  throttle: Throttle;
  /** Milliseconds a node may take for one page of documents. */
  timeoutMs: number;
}

/** Copies of one index on one node. */
export interface CopyGroup {
  index: IndexRecord;
  nodeId: string;
  shards: readonly number[];
}

/** One repair under way. */
interface Work {
  group: CopyGroup;
  /** The node that each shard is compared with. */
  sources: ReadonlyMap<number, string>;
  comparison: CopyComparison;
  suspects: Suspects;
  progress: RepairProgress;
}

/** With more suspects than this, or any in the first round, writes are not held back yet, as long as they become clearly fewer. */
const fewIds = 500;
/** With more documents than this, a whole shard is not compared while writes are held back. */
const fewDocuments = 20_000;
const mostRounds = 40;
const sourcesChanged = 'its copies cannot be repaired from the same nodes any more';
const longestPauseMs = 5_000;

/** The nodes that the shards of a group are repaired from. Throws when a shard has no other copy in sync. */
export function chooseSources(
  { index, nodeId, shards }: CopyGroup,
  { view, copies }: Pick<ClusterState, 'view' | 'copies'>,
): Map<number, string> {
  const sources = new Map<number, string>();
  for (const shard of shards) {
    const others = view.groups().flatMap((group) => [...view.copies(index, group, shard)]);
    const source = others.find(
      (other) => other !== nodeId && view.up(other) && !copies.isStale(index.id, shard, other),
    );
    if (source === undefined) throw new RepairError(nodeId, `no copy of shard ${shard} of ${index.uid} is in sync`);
    sources.set(shard, source);
  }
  return sources;
}

/**
 * Makes stale copies equal to copies that are in sync, and takes their marks off. Rounds go on while clients write: each
 * compares what may differ and puts it right; what clients wrote meanwhile is what may differ next. Once that is little, the
 * writes to the index are held back for a moment, the rest is put right and checked, and the marks go in one commit. Nothing
 * but the marks and the log is kept: a repair that was interrupted starts again and finds most of its work done.
 */
export function createCopyRepair(options: RepairCopiesOptions) {
  const { state, quiet } = options;

  /** Whether all these copies are still there to be repaired; a change of the topology may have taken some away. */
  function stillWanted({ index, nodeId, shards }: CopyGroup): boolean {
    const { view, copies } = state;
    return shards.every((shard) => copies.isStale(index.id, shard, nodeId) && holdsCopy(view, index, shard, nodeId));
  }

  function stillValid(group: CopyGroup, sources: ReadonlyMap<number, string>): boolean {
    const { index, nodeId, shards } = group;
    const { view, copies, catalog } = state;
    if (catalog.byId(index.id)?.state !== 'active' || !view.up(nodeId) || !stillWanted(group)) return false;
    return shards.every((shard) => {
      const source = sources.get(shard);
      return source !== undefined && view.up(source) && !copies.isStale(index.id, shard, source);
    });
  }

  async function checkSettings({ group: { index, nodeId }, sources }: Work, signal: AbortSignal) {
    const [source] = sources.values();
    if (source === undefined) return;
    if (await options.preparation.sameSettings({ index, nodeId: source }, { index, nodeId }, signal)) return;
    throw new RepairError(nodeId, `its settings of ${index.uid} are not those of ${source}`);
  }

  const everybody = ({ group, sources }: Work): string[] => [group.nodeId, ...sources.values()];

  /** Holds the writes back and brings the copies level. False when that was not possible in time; the suspects then hold what is left. */
  async function finish(
    work: Work,
    patience: { attempt: number; expectedMs: number },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { group, sources, comparison, suspects } = work;
    const { index, nodeId, shards } = group;
    const current = state.catalog.byId(index.id) ?? index;
    const done = await quiet.hold(current, patience, signal, async (within): Promise<boolean> => {
      suspects.gather();
      await quiet.applied(index, everybody(work), within);
      await quiet.followed(index, new Set(everybody(work)), within);
      await suspects.addMissed();
      await suspects.remember();
      const whole = [...suspects.shards];
      if (whole.length > 0 && (await comparison.count(whole, within)) > fewDocuments) return false;
      await comparison.whole(whole, within);
      await comparison.some([...suspects.ids], within);
      const wrong = await comparison.some([...suspects.ids], within);
      if (wrong > 0) throw new RepairError(nodeId, `${wrong} documents of ${index.uid} differ after they were copied`);
      await checkSettings(work, within);
      const newest = await options.access.newest(nodeId, index, within);
      if (!stillValid(group, sources)) throw new RepairError(nodeId, sourcesChanged);
      await state.commit([
        ...shards.map((shard): StoreChange => ({ kind: 'deleteStale', indexId: index.id, shard, nodeId })),
        { kind: 'clearRepairTasks', nodeId, indexId: index.id, newest },
      ]);
      return true;
    });
    return done === true;
  }

  async function compareSuspects({ comparison, suspects, progress }: Work, signal: AbortSignal): Promise<void> {
    await suspects.remember();
    const { shards, ids } = suspects.take();
    progress.phase = shards.length > 0 ? 'comparing' : 'catching up';
    await comparison.whole(shards, signal);
    await comparison.some(ids, signal);
  }

  /**
   * The first comparison of whole copies, the long one, does not wait for the nodes to work off their queues: what is written by
   * the tasks in them is compared again. A node that lags has tasks that are known no more, and is waited for.
   */
  async function compareAtOnce(work: Work, unfinished: readonly Write[], signal: AbortSignal): Promise<void> {
    const { index } = work.group;
    const lagging = everybody(work).filter((node) => state.copies.isLagging(index.id, node));
    await quiet.applied(index, lagging, signal);
    await compareSuspects(work, signal);
    work.suspects.addUnfinished(unfinished);
  }

  /** Whether few enough documents are suspects to look at them while writes are held back, or waiting makes them hardly fewer. */
  async function isLittle({ suspects, comparison }: Work, round: number, before: number, signal: AbortSignal) {
    const { shards, ids } = suspects;
    if (round === 1) return shards.size + ids.size === 0;
    if (ids.size > fewIds && ids.size * 2 <= before) return false;
    return shards.size === 0 || (round > 2 && (await comparison.count([...shards], signal)) <= fewDocuments);
  }

  async function rounds(work: Work, first: number, signal: AbortSignal): Promise<void> {
    const { group, sources, suspects, progress } = work;
    let attempt = 0;
    let before = Number.POSITIVE_INFINITY;
    for (let round = first; round <= mostRounds; round++) {
      if (!stillValid(group, sources)) throw new RepairError(group.nodeId, sourcesChanged);
      suspects.gather();
      const since = performance.now();
      await quiet.applied(group.index, everybody(work), signal);
      const expectedMs = performance.now() - since;
      if (await isLittle(work, round, before, signal)) {
        progress.phase = 'finishing';
        if (await finish(work, { attempt: ++attempt, expectedMs }, signal)) return;
        before = Number.POSITIVE_INFINITY;
        await sleep(Math.min(longestPauseMs, round * 200), undefined, { signal });
        continue;
      }
      before = suspects.ids.size;
      await compareSuspects(work, signal);
    }
    throw new RepairError(group.nodeId, `clients write more to ${group.index.uid} than can be caught up with`);
  }

  /** Makes the index right, and finds out what there is to compare. */
  async function begin(work: Work, unfinished: readonly Write[], signal: AbortSignal): Promise<void> {
    const { group, sources, comparison, suspects } = work;
    const { index, nodeId } = group;
    // the primary key may be on its way with the first documents
    if (index.primaryKey === null) await quiet.applied(index, everybody(work), signal);
    const [source = null] = sources.values();
    const from = source === null ? null : { index, nodeId: source };
    await suspects.begin(await options.preparation.prepare(index, nodeId, from, signal));
    if (suspects.shards.size === 0) return rounds(work, 1, signal);
    if (!state.view.hasSurplus(index, nodeId)) {
      await comparison.deleteStrays(state.shardsOn(index, nodeId), signal);
    }
    await compareAtOnce(work, unfinished, signal);
    await rounds(work, 2, signal);
  }

  /** Repair the copies; throws when that was not possible, with the marks as they were. */
  return async function repairCopies(group: CopyGroup, progress: RepairProgress, signal: AbortSignal): Promise<void> {
    const sources = chooseSources(group, state);
    const watch = options.touched.watch(group.index.id, group.shards);
    const unfinished = [...options.active.all()];
    const suspects = createSuspects(state, group, watch);
    const comparison = createCopyComparison({
      ...options,
      index: group.index,
      nodeId: group.nodeId,
      sources,
      progress,
      still: () => stillWanted(group),
      onCopy: suspects.copied,
    });
    try {
      progress.phase = 'preparing';
      await begin({ group, sources, comparison, suspects, progress }, unfinished, signal);
    } finally {
      watch.stop();
    }
  };
}

/** See `createCopyRepair`. */
export type RepairCopies = ReturnType<typeof createCopyRepair>;
