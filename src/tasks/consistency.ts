import { ApiError } from '../errors/api-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord, PartRecord } from '../store/records.ts';
import type { ClusterState } from './cluster-state.ts';

/** When a write counts as done (spec 7), see `write.consistency` and `write.min_copies`. */
export interface WritePolicy {
  consistency: 'in_sync' | 'quorum' | 'all';
  minCopies: number;
}

/**
 * What became of one copy's share of a write. `unknown`: the node may hold it, wholly or partly. `refused`: it said that
 * the request itself is wrong.
 */
export type CopyFate = 'took' | 'missed' | 'unknown' | 'refused';

/** One copy of a shard that a write touches. */
export interface WrittenCopy {
  nodeId: string;
  group: number;
  inSync: boolean;
  fate: CopyFate;
}

/** The copies of each touched shard. */
export type WrittenShards = ReadonlyMap<number, readonly WrittenCopy[]>;

/** What a part touches: a stored one or one that is only planned. */
type Touching = Pick<PartRecord, 'nodeId' | 'shards'>;

/** The fate of a copy that several parts write, one after the other. */
function together(fates: readonly CopyFate[]): CopyFate {
  const has = (fate: CopyFate) => fates.includes(fate);
  if (has('unknown') || (has('took') && has('missed'))) return 'unknown';
  if (has('missed')) return 'missed';
  return has('refused') ? 'refused' : 'took';
}

/** The copies that a write touches, with their fate by that of the parts which write them. */
export function writtenShards<P extends Touching>(
  state: Pick<ClusterState, 'shardsOfPart' | 'copies' | 'view'>,
  index: IndexRecord | null,
  parts: readonly P[],
  fateOf: (part: P) => CopyFate,
): WrittenShards {
  const fates = new Map<number, Map<string, CopyFate[]>>();
  for (const part of parts) {
    for (const shard of state.shardsOfPart(part, index)) {
      const nodes = fates.get(shard) ?? new Map<string, CopyFate[]>();
      fates.set(shard, nodes);
      nodes.set(part.nodeId, [...(nodes.get(part.nodeId) ?? []), fateOf(part)]);
    }
  }
  const groups = groupOfNode(state.view);
  const copies = [...fates].map(([shard, nodes]) => {
    const list = [...nodes].map(([nodeId, list]): WrittenCopy => {
      const inSync = index === null || !state.copies.isStale(index.id, shard, nodeId);
      return { nodeId, group: groups.get(nodeId) ?? 0, inSync, fate: together(list) };
    });
    return [shard, list] as const;
  });
  return new Map(copies);
}

function groupOfNode(view: Pick<ClusterView, 'groups' | 'nodes'>): Map<string, number> {
  return new Map(view.groups().flatMap((group) => view.nodes(group).map((node) => [node, group] as const)));
}

/** The copies whose word counts: those in sync; where none is, all of them. */
export function countedCopies(copies: readonly WrittenCopy[]): readonly WrittenCopy[] {
  const inSync = copies.filter((copy) => copy.inSync);
  return inSync.length > 0 ? inSync : copies;
}

function hasQuorum(copies: readonly WrittenCopy[], taken: readonly WrittenCopy[]): boolean {
  return copies.some(({ group }) => {
    const inGroup = (copy: WrittenCopy) => copy.group === group;
    return taken.filter(inGroup).length >= Math.floor(copies.filter(inGroup).length / 2) + 1;
  });
}

/** Whether enough copies of a shard took the write. At least one that counts must have, whatever the policy. */
export function isMet(copies: readonly WrittenCopy[], { consistency, minCopies }: WritePolicy): boolean {
  const taken = countedCopies(copies).filter((copy) => copy.fate === 'took');
  if (taken.length < Math.max(1, Math.min(minCopies, copies.length))) return false;
  if (consistency === 'quorum') return hasQuorum(copies, taken);
  return consistency === 'in_sync' || copies.every((copy) => copy.fate === 'took');
}

/** The code of a write of which too few copies took, or can take, their share. */
function unmetCode(consistency: WritePolicy['consistency']): ErrorCode {
  return consistency === 'in_sync' ? 'miroir_write_incomplete' : 'miroir_no_quorum';
}

function shardList(shards: readonly number[]): string {
  const some = shards.slice(0, 10).join(', ');
  return `${shards.length === 1 ? 'shard' : 'shards'} ${some}${shards.length > 10 ? ', ...' : ''}`;
}

const soon = { headers: { 'retry-after': '5' } };
const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

/** The refusal of a write that cannot meet the policy with the nodes that are up; null when it can. Nothing is sent then. */
export function refusalBeforehand(shards: WrittenShards, policy: WritePolicy): ApiError | null {
  const lost = [...shards].filter(([, copies]) => !countedCopies(copies).some((copy) => copy.fate === 'took'));
  if (lost.length > 0) {
    const names = shardList(ascending(lost.map(([shard]) => shard)));
    const message = `No node with an in-sync copy of ${names} can be reached. Nothing was written.`;
    return new ApiError('miroir_shard_unavailable', message, soon);
  }
  const unmet = [...shards].filter(([, copies]) => !isMet(copies, policy)).map(([shard]) => shard);
  if (unmet.length === 0) return null;
  const message = `Too few copies of ${shardList(ascending(unmet))} can be reached for ${describe(policy)}. Nothing was written.`;
  return new ApiError(unmetCode(policy.consistency), message, soon);
}

/** The error of a write that turned out not to meet the policy after it was sent; `untouched`: no node can have taken any of it. */
export function refusalAfterwards(
  taskUid: number,
  unmet: readonly number[],
  untouched: boolean,
  policy: WritePolicy,
): ApiError {
  const fate = untouched
    ? 'No node took any of it.'
    : 'It is not acknowledged, but the copies that took it keep it, so it may show.';
  const message = `Too few copies of ${shardList(unmet)} took the write of task ${taskUid} for ${describe(policy)}. ${fate} Send it again.`;
  return new ApiError(unmetCode(policy.consistency), message, soon);
}

function describe({ consistency, minCopies }: WritePolicy): string {
  return `\`write.consistency: ${consistency}\` and \`write.min_copies: ${minCopies}\``;
}
