import { setImmediate as soon } from 'node:timers/promises';
import { shardField, shardMarker, stamp } from '../../../src/documents/markers.ts';
import type { NodeClient, NodeRequest } from '../../../src/nodes/client.ts';
import { shardOf } from '../../../src/placement/hash.ts';
import type { NodeAccess } from '../../../src/repair/node-access.ts';
import { createWriteWatches } from '../../../src/reshard/write-watch.ts';
import type { IndexRecord } from '../../../src/store/records.ts';
import type { ActiveTask, Touched } from '../../../src/tasks/active.ts';
import type { Rng } from '../../support/rng.ts';
import { indexRecord } from '../store/records.ts';

type Doc = Record<string, unknown> & { id: string; n: number };
/** What a write does to the documents of a layout, by id. */
export type Change = (documents: Map<string, Doc>, shards: number) => void;

/** One index on one node: works off what it is given in order, each in its own time; lists in order of insertion, as Meilisearch does. */
class FakeIndex {
  readonly documents = new Map<string, Doc>();
  #tail: Promise<void> = Promise.resolve();

  constructor(
    readonly record: IndexRecord,
    readonly rng: Rng,
  ) {}

  /** Resolves once it is applied. */
  take(change: Change): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      for (let waits = this.rng.int(6); waits > 0; waits--) await soon();
      change(this.documents, this.record.shards);
    });
    return this.#tail;
  }

  fetch({ ids, filter, offset = 0, limit = 20 }: { ids?: string[]; filter?: string; offset?: number; limit?: number }) {
    const wanted = [...this.documents.values()].filter(
      (doc) => (ids?.includes(doc.id) ?? true) && (filter?.includes(`"${doc[shardField]}"`) ?? true),
    );
    return { results: wanted.slice(offset, offset + limit), total: wanted.length };
  }
}

/** Two layouts of one index on two nodes that clients write to, and the access that filling goes by. */
export function fakeLayouts(rng: Rng, from: number, to: number) {
  const index = indexRecord(1, { uid: 'i', physicalUid: 'i__1', shards: from, primaryKey: 'id' });
  const shadow = indexRecord(2, { uid: 'i', physicalUid: 'i__2', shards: to, primaryKey: 'id', state: 'shadow' });
  const [here, there] = [new FakeIndex(index, rng), new FakeIndex(shadow, rng)];
  const byPath = (path: string) => (path.includes('i__2') ? there : here);
  const tasks = new Set<ActiveTask>();
  const watches = createWriteWatches({ all: () => tasks.values() as SetIterator<ActiveTask> });
  let version = 1n;

  const client = {
    id: 'node',
    async request({ path, body }: NodeRequest) {
      for (let waits = rng.int(4); waits > 0; waits--) await soon();
      return { status: 200, text: JSON.stringify(byPath(path).fetch(JSON.parse(String(body)))) };
    },
  } as unknown as NodeClient;

  const access = {
    client: () => client,
    write(_nodeId: string, _index: IndexRecord, { path, body }: NodeRequest) {
      const sent = JSON.parse(String(body)) as (Doc | string)[];
      return byPath(path).take((documents) => {
        for (const one of sent) {
          if (typeof one === 'string') documents.delete(one);
          else documents.set(one.id, one);
        }
      });
    },
  } as unknown as NodeAccess;

  return {
    index,
    shadow,
    here,
    there,
    access,
    watches,
    /** A client's write: to both layouts, or before there was another only to the one. Resolves once its task has ended. */
    async write(ids: readonly string[] | null, change: Change, both = true): Promise<void> {
      const touched: Touched = ids === null ? null : new Map([[0, [...ids]]]);
      const task = { record: { indexId: index.id }, parts: [{}], touched } as unknown as ActiveTask;
      watches.registered(task);
      tasks.add(task);
      await Promise.all([here.take(change), both ? there.take(change) : null]);
      for (let waits = rng.int(6); waits > 0; waits--) await soon();
      tasks.delete(task);
    },
    /** The change that stores documents whole, or with `mode` only the fields that they name. */
    put(documents: readonly Doc[], mode: 'replace' | 'update' = 'replace'): Change {
      const first = version;
      version += BigInt(documents.length);
      return (held, shards) => {
        for (const [i, doc] of documents.entries()) {
          const stamped = JSON.parse(stamp(JSON.stringify(doc), shardOf(doc.id, shards), first + BigInt(i))) as Doc;
          held.set(doc.id, mode === 'update' ? { ...held.get(doc.id), ...stamped } : stamped);
        }
      };
    },
  };
}

/** A layout's documents without what differs between layouts, whose markers must be right. */
export function contentOf({ documents, record }: FakeIndex): Record<string, string> {
  const entries = [...documents.values()].map(({ [shardField]: marker, ...doc }) => {
    if (marker !== shardMarker(shardOf(doc.id as string, record.shards)))
      throw new Error(`${doc.id} is in a wrong shard`);
    return [doc.id as string, JSON.stringify(Object.entries(doc).sort())] as const;
  });
  return Object.fromEntries(entries.sort());
}
