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
  /** Every generation, shadows included. */
  all(): IndexRecord[];
  /**
   * The shadow that gets every write to this index, with the index's own name, settings and primary key; null when there is none.
   * Whoever plans requests for the index has to plan them for it as well, see `prepare.ts`.
   */
  shadowOf(index: IndexRecord): IndexRecord | null;
  /** Whether any index has one. */
  hasShadows(): boolean;
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

/** Which generation of a name is meant: the one before all others that count. */
interface Choice {
  counts(record: IndexRecord): boolean;
  before(id: number, other: number): boolean;
}

/** Of several generations of a name, readers see the oldest one that exists, and writes act on the newest that is to stay. */
const firstCreated: Choice = { counts: ({ state }) => state !== 'creating', before: (id, other) => id < other };
const lastKept: Choice = { counts: ({ state }) => state !== 'deleting', before: (id, other) => id > other };

/** A catalog that starts with the store's records. */
export function createCatalog(records: readonly IndexRecord[]): Catalog {
  const byId = new Map<number, IndexRecord>();
  const visible = new Map<string, Set<number>>();
  const accepted = new Map<string, Set<number>>();
  /** By generation, its shadow. */
  const shadows = new Map<number, number>();

  function put(record: IndexRecord): void {
    remove(record.id);
    byId.set(record.id, record);
    if (record.shadow !== null && record.shadow.phase !== 'dropped') shadows.set(record.shadow.of, record.id);
    if (record.state === 'shadow') return;
    enter(visible, record.uid, record.id);
    enter(accepted, record.acceptedUid, record.id);
  }
  function remove(id: number): void {
    const old = byId.get(id);
    if (old === undefined) return;
    byId.delete(id);
    if (old.shadow !== null && shadows.get(old.shadow.of) === id) shadows.delete(old.shadow.of);
    if (old.state === 'shadow') return;
    leave(visible, old.uid, id);
    leave(accepted, old.acceptedUid, id);
  }
  function generation(ids: ReadonlySet<number> | undefined, { counts, before }: Choice): IndexRecord | null {
    let found: IndexRecord | null = null;
    for (const id of ids ?? []) {
      const record = byId.get(id);
      if (record === undefined || !counts(record)) continue;
      if (found === null || before(id, found.id)) found = record;
    }
    return found;
  }

  for (const record of records) put(record);

  return {
    visible: (uid) => generation(visible.get(uid), firstCreated),
    accepted: (uid) => generation(accepted.get(uid), lastKept),
    byId: (id) => byId.get(id) ?? null,
    all: () => [...byId.values()],
    shadowOf(index) {
      const record = byId.get(shadows.get(index.id) ?? -1);
      return record !== undefined && isWritten(record) ? asShadow(record, index) : null;
    },
    hasShadows: () => [...shadows.values()].some((id) => isWritten(byId.get(id))),
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

/** Whether it is a shadow that gets the writes to its index. */
function isWritten(record: IndexRecord | undefined): boolean {
  const phase = record?.shadow?.phase;
  return phase === 'filling' || phase === 'kept';
}

/** A shadow as requests to its nodes need it: what the index is, in its own layout. */
export function asShadow(shadow: IndexRecord, index: IndexRecord): IndexRecord {
  return {
    ...index,
    id: shadow.id,
    physicalUid: shadow.physicalUid,
    shards: shadow.shards,
    state: 'shadow',
    shadow: shadow.shadow,
  };
}

/** The name of a generation on the nodes: readable, unique, and within Meilisearch's 400 bytes. */
export function physicalUid(uid: string, id: number): string {
  return `${uid.slice(0, 360)}__${id}`;
}
