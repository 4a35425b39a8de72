import { allNodes } from '../indexes/prepare.ts';
import type { NodeAccess } from '../repair/node-access.ts';
import type { TargetPreparation } from '../repair/prepare-target.ts';
import type { Quiet } from '../repair/quiet.ts';
import type { Throttle } from '../repair/throttle.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import type { ShardCopy } from './layout.ts';
import { createLayoutComparison, type LayoutComparison } from './layout-comparison.ts';
import { type Layouts, layoutsOf, ownedCopies } from './layouts.ts';
import type { ReshardProgress } from './progress.ts';
import type { WriteWatch, WriteWatches } from './write-watch.ts';

/** What filling shadows is built from. */
export interface FillOptions {
  state: ClusterState;
  active: Pick<ActiveTasks, 'all'>;
  access: NodeAccess;
  quiet: Quiet;
  preparation: TargetPreparation;
  watches: WriteWatches;
  throttle: Throttle;
  /** Milliseconds a node may take for one page of documents. */
  timeoutMs: number;
  /** RFC 3339. */
  now(): string;
}

/** Why a shadow cannot be filled now. */
export class ReshardError extends Error {
  override name = 'ReshardError';
}

/** `switch`: fill all copies, and then the layouts change places; `level`: only bring stale copies in sync again. */
export type Purpose = 'switch' | 'level';

/** A shadow under way: which copies are filled, and what may still differ. */
export interface Filling {
  shadowId: number;
  purpose: Purpose;
  copies: readonly ShardCopy[];
  watch: WriteWatch;
  progress: ReshardProgress;
  signal: AbortSignal;
  /** Shards of the shadow to be compared as a whole. */
  shards: Set<number>;
  /** Documents to be compared. */
  ids: Set<string>;
  /** By copy of the shadow, how many entries of its log of missed writes have been taken into account. */
  logged: Map<string, number>;
  /** Copies of the index that were read. */
  sources: Map<string, ShardCopy>;
}

/** A copy's name in maps. */
export const nameOf = ({ shard, nodeId }: ShardCopy): string => `${shard}/${nodeId}`;

/** The nodes of some copies, each once. */
export const nodesOf = (copies: readonly ShardCopy[]): string[] => [...new Set(copies.map(({ nodeId }) => nodeId))];

/** The layouts as they are now. Throws when there is nothing to be filled any more. */
export function currentLayouts(state: ClusterState, shadowId: number): Layouts {
  const found = layoutsOf(state, shadowId);
  if (found?.index.state === 'active') return found;
  throw new ReshardError('the index is being deleted');
}

/** A node that a shard of the index can be read from. Throws when there is none. */
export function sourceOf({ view }: Pick<ClusterState, 'view'>, index: IndexRecord, shard: number): string {
  for (const group of view.groups()) {
    const node = view.copies(index, group, shard).find((id) => view.up(id) && view.inSync(index, shard, id));
    if (node !== undefined) return node;
  }
  throw new ReshardError(`no copy of shard ${shard} of ${index.uid} is in sync and up`);
}

/** The copies to fill. Throws when a switch has to wait for a node. */
export function copiesToFill(state: ClusterState, shadow: IndexRecord, purpose: Purpose): ShardCopy[] {
  const { view, copies } = state;
  const owned = ownedCopies(state, shadow);
  if (purpose === 'level') {
    return owned.filter(({ shard, nodeId }) => view.up(nodeId) && copies.isStale(shadow.id, shard, nodeId));
  }
  const down = nodesOf(owned).filter((nodeId) => !view.up(nodeId));
  if (down.length === 0) return owned;
  throw new ReshardError(`node ${down.join(', ')} is down; bring it back or remove it`);
}

/** Whether the copies are still there to be filled, for the same purpose. */
export function isStillWanted(state: ClusterState, { shadowId, copies, purpose }: Filling): boolean {
  const found = layoutsOf(state, shadowId);
  if (found?.record.shadow?.phase !== (purpose === 'switch' ? 'filling' : 'kept')) return false;
  const owned = new Set(ownedCopies(state, found.shadow).map(nameOf));
  return copies.every((copy) => owned.has(nameOf(copy)) && state.view.up(copy.nodeId));
}

/** Compares the copies with the index as it is now. */
export function comparisonFor(options: FillOptions, filling: Filling): LayoutComparison {
  const { state } = options;
  const { progress } = filling;
  const { index, shadow } = currentLayouts(state, filling.shadowId);
  return createLayoutComparison({
    ...options,
    index,
    shadow,
    copies: filling.copies,
    watch: filling.watch,
    source(shard) {
      const copy = { shard, nodeId: sourceOf(state, index, shard) };
      filling.sources.set(nameOf(copy), copy);
      return copy.nodeId;
    },
    still: () => isStillWanted(state, filling),
    onRead(documents) {
      progress.done += documents;
    },
    onStored(copied, deleted) {
      progress.copied += copied;
      progress.deleted += deleted;
    },
  });
}

/** Until nodes have applied what they were given so far of either layout. */
export async function applied(
  { state, quiet }: FillOptions,
  shadowId: number,
  copies: readonly ShardCopy[],
  signal: AbortSignal,
): Promise<void> {
  const { index, shadow } = currentLayouts(state, shadowId);
  const { view } = state;
  const up = allNodes(view).filter((node) => view.up(node));
  await quiet.applied(index, up, signal);
  await quiet.applied(shadow, nodesOf(copies), signal);
}
