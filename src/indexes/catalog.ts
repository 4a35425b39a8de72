import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';

/** The logical indexes, mirrored in memory from the store so that every request resolves its index without I/O. */
export interface Catalog {
  /** The generation that readers see under this uid. */
  visible(uid: string): IndexRecord | null;
  /** The generation that a write accepted now acts on: what will be there once all accepted tasks have ended. */
  accepted(uid: string): IndexRecord | null;
  byId(id: number): IndexRecord | null;
  /** All visible generations in ascending order of uid (bytes), as Meilisearch lists them. */
  listVisible(): IndexRecord[];
  /** Every generation. */
  all(): IndexRecord[];
  /** Mirror changes that the store has committed. */
  apply(changes: readonly StoreChange[]): void;
}

/** A catalog that starts with the store's records. */
export function createCatalog(records: readonly IndexRecord[]): Catalog {
  const byId = new Map<number, IndexRecord>();
  const byUid = new Map<string, Set<number>>();

  function put(record: IndexRecord): void {
    remove(record.id);
    byId.set(record.id, record);
    const generations = byUid.get(record.uid) ?? new Set<number>();
    byUid.set(record.uid, generations.add(record.id));
  }
  function remove(id: number): void {
    const old = byId.get(id);
    if (old === undefined) return;
    byId.delete(id);
    const generations = byUid.get(old.uid);
    generations?.delete(id);
    if (generations?.size === 0) byUid.delete(old.uid);
  }
  const generations = (uid: string): IndexRecord[] =>
    [...(byUid.get(uid) ?? [])].sort((a, b) => a - b).map((id) => byId.get(id)!);

  for (const record of records) put(record);

  return {
    visible: (uid) => generations(uid).find((record) => record.state !== 'creating') ?? null,
    accepted: (uid) => generations(uid).findLast((record) => record.state !== 'deleting') ?? null,
    byId: (id) => byId.get(id) ?? null,
    all: () => [...byId.values()],
    listVisible() {
      const uids = [...byUid.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return uids.flatMap((uid) => this.visible(uid) ?? []);
    },
    apply(changes) {
      for (const change of changes) {
        if (change.kind === 'putIndex') put(change.record);
        else if (change.kind === 'deleteIndex') remove(change.id);
      }
    },
  };
}

/** The name of a generation on the nodes: readable, unique, and within Meilisearch's 400 bytes. */
export function physicalUid(uid: string, id: number): string {
  return `${uid.slice(0, 360)}__${id}`;
}
