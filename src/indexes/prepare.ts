import type { Caller } from '../keys/caller.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import type { Store, StoreChange } from '../store/store.ts';
import type { PlannedPart } from '../tasks/acceptance.ts';
import { type Catalog, physicalUid } from './catalog.ts';
import { initialPhysicalSettings } from './settings/physical.ts';

/** What preparing an index for a write is built from. */
export interface PrepareOptions {
  store: Store;
  catalog: Catalog;
  view: Pick<ClusterView, 'groups' | 'nodes'>;
  /** Shards of an index whose creation names no number. */
  defaultShards: number;
  /** RFC 3339. */
  now(): string;
}

/** The index a write acts on, and what has to happen first if it is not there yet. */
export interface PreparedIndex {
  index: IndexRecord;
  /** Whether this write creates it. */
  fresh: boolean;
  /** Requests that create it on every node. */
  parts: PlannedPart[];
  catalog: StoreChange[];
}

/** Ids of every node, group by group. */
export function allNodes(view: Pick<ClusterView, 'groups' | 'nodes'>): string[] {
  return view.groups().flatMap((group) => [...view.nodes(group)]);
}

/** The same request to every node that holds copies of an index; results count once each. */
export function toAllNodes(
  view: Pick<ClusterView, 'groups' | 'nodes'>,
  step: string,
  request: PlannedPart['request'],
  counts = false,
): PlannedPart[] {
  return allNodes(view).map((nodeId) => ({ nodeId, step, shards: null, counts, request }));
}

/**
 * The requests of a write to an index: those that `plan` makes for it, and the same for its shadow, which never count. Every write
 * to an index that is there has to be planned by this.
 */
export function forBothLayouts(
  catalog: Pick<Catalog, 'shadowOf'>,
  index: IndexRecord,
  plan: (layout: IndexRecord) => PlannedPart[],
): PlannedPart[] {
  const shadow = catalog.shadowOf(index);
  if (shadow === null) return plan(index);
  return [...plan(index), ...plan(shadow).map((part) => ({ ...part, shadowId: shadow.id, counts: false }))];
}

/** The path of an index on the nodes. */
export function nodePath(index: Pick<IndexRecord, 'physicalUid'>, rest = ''): string {
  return `/indexes/${encodeURIComponent(index.physicalUid)}${rest}`;
}

/** A new generation of an index, to be created by the write that is being decided. */
export async function newIndex(
  options: PrepareOptions,
  uid: string,
  primaryKey: string | null,
  shards: number | null,
): Promise<PreparedIndex> {
  const id = await options.store.nextId('index');
  const now = options.now();
  const index: IndexRecord = {
    id,
    uid,
    acceptedUid: uid,
    physicalUid: physicalUid(uid, id),
    shards: shards ?? options.defaultShards,
    state: 'creating',
    shadow: null,
    primaryKey: null,
    acceptedPrimaryKey: primaryKey,
    createdAt: now,
    updatedAt: now,
    settings: null,
    settingsVersion: 0,
  };
  const parts: PlannedPart[] = [];
  if (primaryKey !== null) {
    const body = JSON.stringify({ uid: index.physicalUid, primaryKey });
    parts.push(...toAllNodes(options.view, 'create', { method: 'POST', path: '/indexes', body }));
  }
  const body = JSON.stringify(initialPhysicalSettings());
  parts.push(...toAllNodes(options.view, 'create', { method: 'PATCH', path: nodePath(index, '/settings'), body }));
  return { index, fresh: true, parts, catalog: [{ kind: 'putIndex', record: index }] };
}

/**
 * The index of a document addition or settings change, which Meilisearch creates if it is missing and the key allows it.
 * Null when the key does not: the task will then fail with `index_not_found`.
 */
export async function prepareIndex(
  options: PrepareOptions,
  uid: string,
  caller: Pick<Caller, 'may'>,
): Promise<PreparedIndex | null> {
  const index = options.catalog.accepted(uid);
  if (index !== null) return { index, fresh: false, parts: [], catalog: [] };
  if (!caller.may('indexes.create')) return null;
  return newIndex(options, uid, null, null);
}
