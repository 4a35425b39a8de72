import type { CopyStates } from '../placement/copies.ts';
import { createTopologyView, type TopologyView } from '../placement/topology.ts';
import type { IndexRecord, TopologyRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';

/** What a transition looks at besides the two topologies. */
export interface TransitionContext {
  /** All generations of all indexes. */
  indexes: readonly IndexRecord[];
  copies: Pick<CopyStates, 'isStale' | 'serving' | 'leaving'>;
  /** RFC 3339. */
  since: string;
}

/** What a change of the topology comes down to. */
export interface Transition {
  /** To be committed together. */
  changes: StoreChange[];
  /** Copies that new owners have yet to be given. */
  filling: { index: IndexRecord; shard: number; nodeId: string }[];
}

type Marks = Map<string, 'serving' | 'surplus'>;

/** The leaving copies of one index, by shard and node. */
function marksOf(context: TransitionContext, index: IndexRecord): Marks {
  const marks: Marks = new Map();
  for (const copy of context.copies.leaving()) {
    if (copy.indexId === index.id) marks.set(`${copy.shard}/${copy.nodeId}`, copy.state);
  }
  return marks;
}

/** What becomes of the copies of one shard in one group. */
function moveShard(
  context: TransitionContext,
  index: IndexRecord,
  shard: number,
  [before, after]: readonly [readonly string[], readonly string[]],
  marks: Marks,
  stays: (nodeId: string) => boolean,
): Transition {
  const { copies, since } = context;
  const at = { indexId: index.id, shard };
  const changes: StoreChange[] = [];
  const filling: Transition['filling'] = [];
  const holders = new Set([...before, ...copies.serving(index.id, shard)]);
  for (const nodeId of after) {
    const mark = marks.get(`${shard}/${nodeId}`);
    if (mark !== undefined) changes.push({ kind: 'deleteLeaving', ...at, nodeId });
    if (before.includes(nodeId) || mark === 'serving') continue;
    const record = { ...at, nodeId, since, reason: 'moves in', cause: 'moving' } as const;
    changes.push({ kind: 'putStale', record });
    filling.push({ index, shard, nodeId });
  }
  for (const nodeId of holders) {
    if (after.includes(nodeId)) continue;
    const stale = copies.isStale(index.id, shard, nodeId);
    if (stale) changes.push({ kind: 'deleteStale', ...at, nodeId });
    if (!stays(nodeId)) {
      if (marks.has(`${shard}/${nodeId}`)) changes.push({ kind: 'deleteLeaving', ...at, nodeId });
      continue;
    }
    // A copy that may not be read is of no use to anybody on its way out.
    const state = stale ? 'surplus' : 'serving';
    if (marks.get(`${shard}/${nodeId}`) !== state) {
      changes.push({ kind: 'putLeaving', record: { ...at, nodeId, state, since } });
    }
  }
  return { changes, filling };
}

/** Copies on nodes that are no longer part of the cluster need no mark. */
function forgetNodes(
  context: TransitionContext,
  index: IndexRecord,
  stays: (nodeId: string) => boolean,
): StoreChange[] {
  return context.copies
    .leaving()
    .filter((copy) => copy.indexId === index.id && copy.state === 'surplus' && !stays(copy.nodeId))
    .map(({ indexId, shard, nodeId }): StoreChange => ({ kind: 'deleteLeaving', indexId, shard, nodeId }));
}

function groupsOf(...views: TopologyView[]): number[] {
  return [...new Set(views.flatMap((view) => view.groups()))].sort((a, b) => a - b);
}

/**
 * From one topology to another without losing or moving more than needed (invariant 7): nodes that come to own a shard start as
 * stale copies, which repair fills; nodes that no longer own it keep their copy, take writes and serve until all owners are
 * in sync. Everything later follows from these marks, so that a process may stop at any point.
 */
export function transition(from: TopologyRecord, to: TopologyRecord, context: TransitionContext): Transition {
  const [old, next] = [createTopologyView(from), createTopologyView(to)];
  const present = new Set(to.nodes.map((node) => node.id));
  const stays = (nodeId: string) => present.has(nodeId);
  const groups = groupsOf(old, next);
  const groupOf = new Map([...from.nodes, ...to.nodes].map((node) => [node.id, node.group]));
  const result: Transition = { changes: [{ kind: 'putTopology', record: to }], filling: [] };
  for (const index of context.indexes) {
    const marks = marksOf(context, index);
    for (const group of groups) {
      const inGroup: TransitionContext = {
        ...context,
        copies: {
          ...context.copies,
          serving: (indexId, shard) =>
            context.copies.serving(indexId, shard).filter((nodeId) => groupOf.get(nodeId) === group),
        },
      };
      for (let shard = 0; shard < index.shards; shard++) {
        const owners = [old.owners(group, shard), next.owners(group, shard)] as const;
        const moved = moveShard(inGroup, index, shard, owners, marks, stays);
        result.changes.push(...moved.changes);
        result.filling.push(...moved.filling);
      }
    }
    result.changes.push(...forgetNodes(context, index, stays));
  }
  return result;
}
