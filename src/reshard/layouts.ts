import { asShadow } from '../indexes/catalog.ts';
import { shardOf } from '../placement/hash.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import type { ShardCopy } from './layout.ts';

/** An index that is being resharded, as it is now. */
export interface Layouts {
  /** What readers see. */
  index: IndexRecord;
  /** The other layout, with the index's own name, settings and primary key. */
  shadow: IndexRecord;
  /** The shadow's own record. */
  record: IndexRecord;
}

/** Both layouts by the id of the shadow; null when either is gone. */
export function layoutsOf({ catalog }: Pick<ClusterState, 'catalog'>, shadowId: number): Layouts | null {
  const record = catalog.byId(shadowId);
  const index = record?.shadow == null ? null : catalog.byId(record.shadow.of);
  return record === null || index === null ? null : { index, record, shadow: asShadow(record, index) };
}

/** The copies that a layout should have, by the topology. */
export function ownedCopies({ view }: Pick<ClusterState, 'view'>, index: IndexRecord): ShardCopy[] {
  const copies: ShardCopy[] = [];
  for (const group of view.groups()) {
    for (let shard = 0; shard < index.shards; shard++) {
      for (const nodeId of view.owners(group, shard)) copies.push({ shard, nodeId });
    }
  }
  return copies;
}

/** The shadow gets every write from now on; all its copies have yet to be filled. */
export function attachChanges(
  state: Pick<ClusterState, 'view'>,
  { record, shadow }: Layouts,
  now: string,
): StoreChange[] {
  const { id: indexId } = record;
  const mark = { indexId, since: now, reason: 'to be filled for another number of shards', cause: 'missed' } as const;
  return [
    { kind: 'putIndex', record: { ...record, shadow: { ...record.shadow!, phase: 'filling', since: now } } },
    ...ownedCopies(state, shadow).map((copy): StoreChange => ({ kind: 'putStale', record: { ...mark, ...copy } })),
  ];
}

/** The layouts change places: readers and writers see the other one from now on, and this one is kept for going back. */
export function switchChanges(
  { copies }: Pick<ClusterState, 'copies'>,
  { index, record }: Layouts,
  now: string,
): StoreChange[] {
  const { startedAt } = record.shadow!;
  const kept = { of: record.id, phase: 'kept', since: now, startedAt, servedUntil: now } as const;
  // what a repair was putting right may have been overwritten by it: such copies are compared as a whole
  const unknown = copies
    .stale()
    .filter(({ indexId }) => indexId === index.id)
    .map(({ shard, nodeId }): StoreChange => {
      const copy = { indexId: index.id, shard, nodeId };
      return { kind: 'putMissed', record: { ...copy, taskUid: -1, ids: null, first: false } };
    });
  return [
    ...unknown,
    { kind: 'putIndex', record: { ...index, state: 'shadow', shadow: kept } },
    {
      kind: 'putIndex',
      record: { ...index, id: record.id, physicalUid: record.physicalUid, shards: record.shards },
    },
  ];
}

/** Another phase of the shadow. */
export function phaseChange(
  { record }: Layouts,
  change: Partial<NonNullable<IndexRecord['shadow']>> & { phase: NonNullable<IndexRecord['shadow']>['phase'] },
  now: string,
): StoreChange {
  return { kind: 'putIndex', record: { ...record, shadow: { ...record.shadow!, since: now, ...change } } };
}

/** Nobody knows what is wrong with these copies: they are stale, and to be compared as a whole. */
export function doubtChanges(
  { copies }: Pick<ClusterState, 'copies'>,
  indexId: number,
  doubted: readonly ShardCopy[],
  since: string,
): StoreChange[] {
  const reason = 'it has not as many documents as the index';
  return doubted.flatMap(({ shard, nodeId }): StoreChange[] => {
    const copy = { indexId, shard, nodeId };
    const log: StoreChange = { kind: 'putMissed', record: { ...copy, taskUid: -1, ids: null, first: false } };
    return [log, ...markStale(copies, { ...copy, since, reason })];
  });
}

/** Documents of an index were put right behind the back of its shadow, which has to follow. */
export function correctedChanges(
  state: Pick<ClusterState, 'catalog' | 'copies' | 'view'>,
  index: IndexRecord,
  ids: readonly string[],
  at: { ms: number; now: string },
): StoreChange[] {
  const shadow = state.catalog.shadowOf(index);
  if (shadow === null) return [];
  const byShard = new Map<number, string[]>();
  for (const id of ids) {
    const shard = shardOf(id, shadow.shards);
    byShard.set(shard, [...(byShard.get(shard) ?? []), id]);
  }
  return ownedCopies(state, shadow).flatMap(({ shard, nodeId }): StoreChange[] => {
    const own = byShard.get(shard);
    if (own === undefined) return [];
    const copy = { indexId: shadow.id, shard, nodeId };
    const first = !state.copies.isStale(shadow.id, shard, nodeId);
    const reason = 'the index was put right';
    return [
      // no task: the log's entries need a number of their own
      { kind: 'putMissed', record: { ...copy, taskUid: -at.ms, ids: own, first } },
      ...markStale(state.copies, { ...copy, since: at.now, reason }),
    ];
  });
}
