import type { Catalog } from '../indexes/catalog.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord, PartRecord } from '../store/records.ts';
import type { Store, StoreChange } from '../store/store.ts';

/** The store together with the memory that mirrors it: the one way in which tasks change either. */
export interface ClusterState {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly copies: CopyStates;
  readonly view: ClusterView;
  readonly topology: Pick<Topology, 'apply'>;
  /** Commit to the store, then mirror. Rejects, with nothing changed, when the store cannot. */
  commit(changes: readonly StoreChange[]): Promise<void>;
  /** Mirror what the store committed by other means (`createTask`). */
  mirror(changes: readonly StoreChange[]): void;
  /** The shards of an index of which a node holds a copy. */
  shardsOn(index: IndexRecord, nodeId: string): readonly number[];
  /** The shards of a generation that a part which writes it writes on its node. */
  shardsOfPart(part: Pick<PartRecord, 'nodeId' | 'shards'>, index: IndexRecord | null): readonly number[];
}

/** Joins store and mirrors. */
export function createClusterState(
  parts: Pick<ClusterState, 'store' | 'catalog' | 'copies' | 'view' | 'topology'>,
): ClusterState {
  const { store, catalog, copies, view, topology } = parts;

  function mirror(changes: readonly StoreChange[]): void {
    catalog.apply(changes);
    copies.apply(changes);
    topology.apply(changes);
  }
  function shardsOn(index: IndexRecord, nodeId: string): readonly number[] {
    const group = view.groups().find((candidate) => view.nodes(candidate).includes(nodeId));
    if (group === undefined) return [];
    const owned: number[] = [];
    for (let shard = 0; shard < index.shards; shard++) {
      if (view.copies(index, group, shard).includes(nodeId)) owned.push(shard);
    }
    return owned;
  }

  return {
    ...parts,
    mirror,
    shardsOn,
    async commit(changes) {
      if (changes.length === 0) return;
      await store.commit(changes);
      mirror(changes);
    },
    shardsOfPart(part, index) {
      if (part.shards !== null) return JSON.parse(part.shards) as number[];
      return index === null ? [] : shardsOn(index, part.nodeId);
    },
  };
}
