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

function enter(names: Map<string, Set<number>>, name: string, id: number): void {
  names.set(name, (names.get(name) ?? new Set()).add(id));
}

function leave(names: Map<string, Set<number>>, name: string, id: number): void {
  const ids = names.get(name);
  ids?.delete(id);
  if (ids?.size === 0) names.delete(name);
}

/** A catalog that starts with the store's records. */
export function createCatalog(records: readonly IndexRecord[]): Catalog {
  const byId = new Map<number, IndexRecord>();
  const visible = new Map<string, Set<number>>();
  const accepted = new Map<string, Set<number>>();

  function put(record: IndexRecord): void {
    remove(record.id);
    byId.set(record.id, record);
    enter(visible, record.uid, record.id);
    enter(accepted, record.acceptedUid, record.id);
  }
  function remove(id: number): void {
    const old = byId.get(id);
    if (old === undefined) return;
    byId.delete(id);
    leave(visible, old.uid, id);
    leave(accepted, old.acceptedUid, id);
  }
  const generations = (ids: Set<number> | undefined): IndexRecord[] =>
    [...(ids ?? [])].sort((a, b) => a - b).flatMap((id) => byId.get(id) ?? []);

  for (const record of records) put(record);

  return {
    visible: (uid) => generations(visible.get(uid)).find((record) => record.state !== 'creating') ?? null,
    accepted: (uid) => generations(accepted.get(uid)).findLast((record) => record.state !== 'deleting') ?? null,
    byId: (id) => byId.get(id) ?? null,
    all: () => [...byId.values()],
    listVisible() {
      const uids = [...visible.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
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
