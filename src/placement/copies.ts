import type { LeavingCopy, StaleCopy } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';

/** What is special about copies: which may not be read, which are on their way out. Mirrored in memory from the store. */
export interface CopyStates {
  /** The copy missed an acknowledged write. */
  isStale(indexId: number, shard: number, nodeId: string): boolean;
  /** The node has accepted, but not yet applied, tasks of the index that clients were told have ended. */
  isLagging(indexId: number, nodeId: string): boolean;
  /** By how many parts each node lags with an index. */
  lagging(): { indexId: number; nodeId: string; parts: number }[];
  stale(): StaleCopy[];
  /** Nodes that still serve a shard although they no longer own it. */
  serving(indexId: number, shard: number): readonly string[];
  /** Whether a node has documents of the index that nobody uses any more. */
  hasSurplus(indexId: number, nodeId: string): boolean;
  leaving(): LeavingCopy[];
  /** Grows whenever something of this changes. */
  version(): number;
  /** Count an open part of an ended task (`+1`), or its end (`-1`). */
  addLag(indexId: number, nodeId: string, by: 1 | -1): void;
  /** Mirror changes that the store has committed. */
  apply(changes: readonly StoreChange[]): void;
}

const noNodes: readonly string[] = [];
/** Changes that this mirrors. */
const changesCopies: ReadonlySet<StoreChange['kind']> = new Set([
  'putStale',
  'deleteStale',
  'putLeaving',
  'deleteLeaving',
  'deleteIndex',
]);

/** The copies on their way out, by shard and by node. */
function createLeaving(records: readonly LeavingCopy[]) {
  const all = new Map<string, LeavingCopy>();
  let serving = new Map<string, string[]>();
  let surplus = new Set<string>();

  function regroup(): void {
    serving = new Map();
    surplus = new Set();
    for (const { indexId, shard, nodeId, state } of all.values()) {
      if (state === 'surplus') surplus.add(`${indexId}/${nodeId}`);
      else serving.set(`${indexId}/${shard}`, [...(serving.get(`${indexId}/${shard}`) ?? []), nodeId]);
    }
  }
  const put = (copy: LeavingCopy) => all.set(`${copy.indexId}/${copy.shard}/${copy.nodeId}`, copy);
  for (const copy of records) put(copy);
  regroup();

  return {
    all,
    serving: (indexId: number, shard: number) => serving.get(`${indexId}/${shard}`) ?? noNodes,
    hasSurplus: (indexId: number, nodeId: string) => surplus.has(`${indexId}/${nodeId}`),
    apply(changes: readonly StoreChange[]): void {
      let changed = false;
      for (const change of changes) {
        if (change.kind === 'putLeaving') put(change.record);
        else if (change.kind === 'deleteLeaving') all.delete(`${change.indexId}/${change.shard}/${change.nodeId}`);
        else if (change.kind === 'deleteIndex') {
          for (const [name, copy] of all) if (copy.indexId === change.id) all.delete(name);
        } else continue;
        changed = true;
      }
      if (changed) regroup();
    },
  };
}

/** Copy states that start with what the store holds. */
export function createCopyStates(marks: readonly StaleCopy[], leavingCopies: readonly LeavingCopy[]): CopyStates {
  const leaving = createLeaving(leavingCopies);
  const stale = new Map<string, StaleCopy>();
  const lag = new Map<string, number>();
  let version = 0;
  const key = (indexId: number, shard: number, nodeId: string) => `${indexId}/${shard}/${nodeId}`;
  for (const mark of marks) stale.set(key(mark.indexId, mark.shard, mark.nodeId), mark);

  return {
    isStale: (indexId, shard, nodeId) => stale.size > 0 && stale.has(key(indexId, shard, nodeId)),
    isLagging: (indexId, nodeId) => lag.size > 0 && lag.has(`${indexId}/${nodeId}`),
    lagging: () =>
      [...lag].map(([name, parts]) => {
        const slash = name.indexOf('/');
        return { indexId: Number(name.slice(0, slash)), nodeId: name.slice(slash + 1), parts };
      }),
    stale: () => [...stale.values()],
    serving: leaving.serving,
    hasSurplus: leaving.hasSurplus,
    leaving: () => [...leaving.all.values()],
    version: () => version,
    addLag(indexId, nodeId, by) {
      version++;
      const name = `${indexId}/${nodeId}`;
      const count = (lag.get(name) ?? 0) + by;
      if (count > 0) lag.set(name, count);
      else lag.delete(name);
    },
    apply(changes) {
      if (changes.some(({ kind }) => changesCopies.has(kind))) version++;
      leaving.apply(changes);
      for (const change of changes) {
        if (change.kind === 'putStale') {
          const { indexId, shard, nodeId } = change.record;
          stale.set(key(indexId, shard, nodeId), change.record);
        } else if (change.kind === 'deleteStale') {
          stale.delete(key(change.indexId, change.shard, change.nodeId));
        } else if (change.kind === 'deleteIndex') {
          for (const [name, mark] of stale) if (mark.indexId === change.id) stale.delete(name);
        }
      }
    },
  };
}
