import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexRecord, MissedWrite } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { type CopyComparison, createCopyComparison } from './copy-comparison.ts';
import { RepairError } from './list-documents.ts';
import type { NodeAccess } from './node-access.ts';
import type { TargetPreparation } from './prepare-target.ts';
import type { RepairProgress } from './progress.ts';
import type { Quiet } from './quiet.ts';
import type { Throttle } from './throttle.ts';
import type { TouchedDocuments, Watch } from './touched.ts';

/** What repairing copies is built from. */
export interface RepairCopiesOptions {
  state: Pick<ClusterState, 'store' | 'catalog' | 'copies' | 'view' | 'commit' | 'shardsOn'>;
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

/** Documents that may differ: those of whole shards, or some by id. */
interface Suspects {
  shards: Set<number>;
  ids: Set<string>;
  /** Per shard, how many entries of the log of missed writes have been taken into account. */
  logged: Map<number, number>;
}

/** With more suspects than this, or any in the first round, writes are not held back yet. */
const fewIds = 50;
const patientRounds = 8;
/** With more documents than this, a whole shard is not compared while writes are held back. */
const fewDocuments = 20_000;
/** Ids from the log of missed writes, for all copies repaired together; with more the copies are compared. */
const mostLoggedIds = 50_000;
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

/** The documents in which a copy differs, by its log of missed writes; null when that is not complete. */
export function loggedIds(log: readonly MissedWrite[]): string[] | null {
  if (!log.some(({ first }) => first)) return null;
  const ids: string[] = [];
  for (const entry of log) {
    if (entry.ids === null) return null;
    ids.push(...entry.ids);
  }
  return ids;
}

/**
 * Makes stale copies equal to copies that are in sync, and takes their marks off. Rounds go on while clients write: each
 * compares what may differ and puts it right; what clients wrote meanwhile is what may differ next. Once that is little, the
 * writes to the index are held back for a moment, the rest is put right and checked, and the marks go in one commit. Nothing
 * but the marks and the log is kept: a repair that was interrupted starts again and finds most of its work done.
 */
export function createCopyRepair(options: RepairCopiesOptions) {
  const { state, quiet } = options;

  async function suspectsOf({ index, nodeId, shards }: CopyGroup, empty: boolean): Promise<Suspects> {
    const suspects: Suspects = { shards: new Set(), ids: new Set(), logged: new Map() };
    for (const shard of shards) {
      const log = await state.store.missedWrites(index.id, shard, nodeId);
      suspects.logged.set(shard, log.length);
      const ids = empty ? null : loggedIds(log);
      if (ids === null || suspects.ids.size + ids.length > mostLoggedIds) suspects.shards.add(shard);
      else for (const id of ids) suspects.ids.add(id);
    }
    return suspects;
  }

  /** What was found missing since the repair began, of tasks that were under way before. */
  async function addLogged(suspects: Suspects, { index, nodeId, shards }: CopyGroup): Promise<void> {
    for (const shard of shards) {
      const log = await state.store.missedWrites(index.id, shard, nodeId);
      if (log.length === suspects.logged.get(shard)) continue;
      suspects.logged.set(shard, log.length);
      if (log.some(({ ids }) => ids === null)) suspects.shards.add(shard);
      for (const id of log.flatMap(({ ids }) => ids ?? [])) suspects.ids.add(id);
    }
  }

  function addTouched(suspects: Suspects, group: CopyGroup, watch: Watch): void {
    const ids = watch.take();
    if (ids === null) for (const shard of group.shards) suspects.shards.add(shard);
    else for (const id of ids) suspects.ids.add(id);
  }

  /** Whether all these copies are still there to be repaired; a change of the topology may have taken some away. */
  function stillWanted({ index, nodeId, shards }: CopyGroup): boolean {
    const { view, copies } = state;
    const holds = (shard: number) => view.groups().some((group) => view.copies(index, group, shard).includes(nodeId));
    return shards.every((shard) => copies.isStale(index.id, shard, nodeId) && holds(shard));
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

  async function checkSettings(
    { index, nodeId }: CopyGroup,
    sources: ReadonlyMap<number, string>,
    signal: AbortSignal,
  ) {
    const [source] = sources.values();
    if (source === undefined) return;
    if (await options.preparation.sameSettings({ index, nodeId: source }, { index, nodeId }, signal)) return;
    throw new RepairError(nodeId, `its settings of ${index.uid} are not those of ${source}`);
  }

  /** Holds the writes back and brings the copies level. False when that was not possible in time; `suspects` then holds what is left. */
  async function finish(
    group: CopyGroup,
    sources: ReadonlyMap<number, string>,
    comparison: CopyComparison,
    suspects: Suspects,
    watch: Watch,
    attempt: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { index, nodeId, shards } = group;
    const current = state.catalog.byId(index.id) ?? index;
    const done = await quiet.hold(current, attempt, signal, async (within): Promise<boolean> => {
      addTouched(suspects, group, watch);
      await quiet.applied(index, [nodeId, ...sources.values()], within);
      await quiet.followed(index, new Set([nodeId, ...sources.values()]), within);
      await addLogged(suspects, group);
      const whole = [...suspects.shards];
      if (whole.length > 0 && (await comparison.count(whole, within)) > fewDocuments) return false;
      await comparison.whole(whole, within);
      await comparison.some([...suspects.ids], within);
      const wrong = await comparison.some([...suspects.ids], within);
      if (wrong > 0) throw new RepairError(nodeId, `${wrong} documents of ${index.uid} differ after they were copied`);
      await checkSettings(group, sources, within);
      if (!stillValid(group, sources)) throw new RepairError(nodeId, sourcesChanged);
      await state.commit([
        ...shards.map((shard): StoreChange => ({ kind: 'deleteStale', indexId: index.id, shard, nodeId })),
        { kind: 'clearRepairTasks', nodeId, indexId: index.id },
      ]);
      return true;
    });
    return done === true;
  }

  async function rounds(
    group: CopyGroup,
    sources: ReadonlyMap<number, string>,
    watch: Watch,
    progress: RepairProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { index, nodeId } = group;
    progress.phase = 'preparing';
    await quiet.applied(index, [nodeId, ...sources.values()], signal);
    const [source] = sources.values();
    const from = source === undefined ? null : { index, nodeId: source };
    const empty = await options.preparation.prepare(index, nodeId, from, signal);
    const suspects = await suspectsOf(group, empty);
    const comparison = createCopyComparison({
      ...options,
      index,
      nodeId,
      sources,
      progress,
      still: () => stillWanted(group),
    });
    if (suspects.shards.size > 0 && !state.view.hasSurplus(index, nodeId)) {
      await comparison.deleteStrays(state.shardsOn(index, nodeId), signal);
    }
    let attempts = 0;
    for (let round = 1; round <= mostRounds; round++) {
      if (!stillValid(group, sources)) throw new RepairError(nodeId, sourcesChanged);
      addTouched(suspects, group, watch);
      await quiet.applied(index, [nodeId, ...sources.values()], signal);
      const small =
        suspects.shards.size === 0 ||
        (round > 2 && (await comparison.count([...suspects.shards], signal)) <= fewDocuments);
      const few = round === 1 ? 0 : round <= patientRounds ? fewIds : Number.POSITIVE_INFINITY;
      if (small && suspects.ids.size <= few) {
        progress.phase = 'finishing';
        if (await finish(group, sources, comparison, suspects, watch, ++attempts, signal)) return;
        await sleep(Math.min(longestPauseMs, round * 200), undefined, { signal });
        continue;
      }
      const { shards, ids } = suspects;
      suspects.shards = new Set();
      suspects.ids = new Set();
      progress.phase = shards.size > 0 ? 'comparing' : 'catching up';
      await comparison.whole([...shards], signal);
      await comparison.some([...ids], signal);
    }
    throw new RepairError(nodeId, `clients write more to ${index.uid} than can be caught up with`);
  }

  /** Repair the copies; throws when that was not possible, with the marks as they were. */
  return async function repairCopies(group: CopyGroup, progress: RepairProgress, signal: AbortSignal): Promise<void> {
    const sources = chooseSources(group, state);
    const watch = options.touched.watch(group.index.id, group.shards);
    try {
      await rounds(group, sources, watch, progress, signal);
    } finally {
      watch.stop();
    }
  };
}

/** See `createCopyRepair`. */
export type RepairCopies = ReturnType<typeof createCopyRepair>;
