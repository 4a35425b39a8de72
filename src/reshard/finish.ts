import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import { writesTo } from '../tasks/shadows.ts';
import {
  applied,
  comparisonFor,
  currentLayouts,
  type Filling,
  type FillOptions,
  isStillWanted,
  nodesOf,
  ReshardError,
  sourceOf,
} from './filling.ts';
import { doubtChanges, ownedCopies, switchChanges } from './layouts.ts';
import { addLogged } from './logs.ts';

const pollMs = 10;

/** Whether accepted tasks are still to change an index, its content or its name. */
export function isChanging(active: Pick<ActiveTasks, 'all'>, index: IndexRecord): boolean {
  return [...active.all()].some(
    (task) => writesTo(task, index.id) || task.effect.names?.some(({ id }) => id === index.id) === true,
  );
}

async function checkSettings(options: FillOptions, { shadowId, copies }: Filling, signal: AbortSignal) {
  const { state, preparation } = options;
  const { index, shadow } = currentLayouts(state, shadowId);
  const from = { index, nodeId: sourceOf(state, index, 0) };
  for (const nodeId of nodesOf(copies)) {
    if (await preparation.sameSettings(from, { index: shadow, nodeId }, signal)) continue;
    throw new ReshardError(`node ${nodeId} has other settings for the other layout than ${from.nodeId} for the index`);
  }
}

async function checkCounts(options: FillOptions, filling: Filling, signal: AbortSignal): Promise<void> {
  const { index, shadow } = await comparisonFor(options, filling).counts(signal);
  if (shadow.every((count) => count === index)) return;
  // the next attempt has to compare all of it, also of copies that were taken to be in sync
  await options.state.commit(doubtChanges(options.state, filling.shadowId, filling.copies, options.now()));
  throw new ReshardError(`the index has ${index} documents, its other layout ${shadow.join(', ')}`);
}

/** Uid of the newest task of the other layout on each node that was filled, by node. */
async function newestTasks({ state, access }: FillOptions, filling: Filling, signal: AbortSignal) {
  const { shadow } = currentLayouts(state, filling.shadowId);
  const newest = nodesOf(filling.copies).map(
    async (nodeId) => [nodeId, await access.newest(nodeId, shadow, signal)] as const,
  );
  return new Map(await Promise.all(newest));
}

/** The commit that ends it; null when it has to be looked at once more. Throws when what was read turned out to be stale. */
function endChanges(
  { state, now }: FillOptions,
  filling: Filling,
  newest: ReadonlyMap<string, number>,
): StoreChange[] | null {
  const found = currentLayouts(state, filling.shadowId);
  const { index, shadow } = found;
  const { copies } = state;
  for (const { shard, nodeId } of filling.sources.values()) {
    if (copies.isStale(index.id, shard, nodeId)) throw new ReshardError(`the copies on node ${nodeId} became stale`);
  }
  const lagging = filling.copies.some(({ nodeId }) => copies.isLagging(shadow.id, nodeId));
  if (!isStillWanted(state, filling) || lagging || index.uid !== index.acceptedUid) return null;
  const marks = [
    ...filling.copies.map((copy): StoreChange => ({ kind: 'deleteStale', indexId: shadow.id, ...copy })),
    ...[...newest].map(
      ([nodeId, uid]): StoreChange => ({ kind: 'clearRepairTasks', nodeId, indexId: shadow.id, newest: uid }),
    ),
  ];
  if (filling.purpose === 'level') return marks;
  if (ownedCopies(state, shadow).length !== filling.copies.length) return null;
  return [...marks, ...switchChanges(state, found, now())];
}

/**
 * Holds the writes to the index back, puts the last differences right, checks everything once more, and ends it in one commit.
 * False when that was not possible in time; `filling` then holds what is left.
 */
export async function finish(options: FillOptions, filling: Filling, attempt: number): Promise<boolean> {
  const { state, active, quiet } = options;
  const { index } = currentLayouts(state, filling.shadowId);
  const done = await quiet.hold(index, { attempt }, filling.signal, async (within): Promise<boolean> => {
    while (isChanging(active, index)) await sleep(pollMs, undefined, { signal: within });
    await applied(options, filling.shadowId, filling.copies, within);
    await addLogged(state, filling);
    if (filling.shards.size > 0) return false;
    const ids = [...filling.ids];
    await comparisonFor(options, filling).some(ids, within);
    const { differed } = await comparisonFor(options, filling).some(ids, within);
    if (differed > 0) throw new ReshardError(`${differed} documents differ after they were copied`);
    await checkSettings(options, filling, within);
    if (filling.purpose === 'switch') await checkCounts(options, filling, within);
    const changes = endChanges(options, filling, await newestTasks(options, filling, within));
    if (changes === null) return false;
    within.throwIfAborted();
    await state.commit(changes);
    return true;
  });
  return done === true;
}
