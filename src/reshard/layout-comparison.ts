import { shardOf } from '../placement/hash.ts';
import { contentHash } from '../repair/canonical.ts';
import { compareSides, type ListedDocument, type Side } from '../repair/compare.ts';
import { maxEntries } from '../repair/copy-comparison.ts';
import { createCopyReader } from '../repair/copy-reader.ts';
import type { NodeAccess } from '../repair/node-access.ts';
import type { Throttle } from '../repair/throttle.ts';
import { createUploads, type Uploads } from '../repair/uploads.ts';
import type { IndexRecord } from '../store/records.ts';
import { byNode, classCount, inShard, layersOf, type ShardClass, type ShardCopy } from './layout.ts';
import type { WriteWatch } from './write-watch.ts';

/** What comparing two layouts of an index is built from. */
export interface LayoutComparisonOptions {
  access: NodeAccess;
  throttle: Throttle;
  /** Milliseconds a node may take for one page of documents. */
  timeoutMs: number;
  /** The layout that is right, and the one that is made equal to it. */
  index: IndexRecord;
  shadow: IndexRecord;
  /** The copies of the shadow that are put right. */
  copies: readonly ShardCopy[];
  watch: WriteWatch;
  /** A node with an in-sync copy of a shard of the index. Throws when there is none. */
  source(shard: number): string;
  /** Whether the copies are still to be put right. */
  still(): boolean;
  onRead(documents: number): void;
  onStored(copied: number, deleted: number): void;
}

/** What is left to look at after a comparison. */
export interface Compared {
  /** Documents that may not be right because they were written meanwhile. */
  suspects: Set<string>;
  /** False when so many were written that not all of them are known: it has to be compared again. */
  complete: boolean;
  /** Documents that differed. */
  differed: number;
}

/** Compares copies of a shadow with the index it belongs to, and makes them equal. */
export interface LayoutComparison {
  /** Compare all documents of some shards. All are equal when it resolves, but for the suspects. */
  whole(shards: ShardClass, signal: AbortSignal): Promise<Compared>;
  /** Compare these documents. All are equal when it resolves, but for the suspects among them. */
  some(ids: readonly string[], signal: AbortSignal): Promise<Compared>;
  /** Documents of the whole index in both layouts, the shadow's once for each set of its copies. */
  counts(signal: AbortSignal): Promise<{ index: number; shadow: number[] }>;
}

/** A document with the era in which it was read. */
interface ReadDocument extends ListedDocument {
  era: number | null;
}

const idsPerRequest = 500;
/** Documents stored between two looks at whether they may have been overtaken by a write of unknown documents. */
const uploadsPerLook = 20_000;

/** Builds it. */
export function createLayoutComparison(options: LayoutComparisonOptions): LayoutComparison {
  const { access, index, shadow, copies, watch } = options;
  const layers = layersOf(copies);
  const readerOf = (layout: IndexRecord) => createCopyReader({ ...options, index: layout });
  const reader = readerOf(index);
  const shadowReader = readerOf(shadow);

  const sourcesOf = (shards: readonly number[]) =>
    byNode(new Map(shards.map((shard) => [shard, options.source(shard)] as const)));

  /** A document of the index as the shadow has it. */
  function moved({ id, raw }: ListedDocument): ListedDocument {
    return { id, raw: inShard(raw, shardOf(id, shadow.shards)) };
  }

  /** The documents of some shards of the index that belong to the copies of a layer, as the shadow has them. */
  function sourceSide(shards: readonly number[], layer: ReadonlyMap<number, string>, signal: AbortSignal): Side {
    async function* read(): AsyncGenerator<readonly ReadDocument[]> {
      for (const [nodeId, own] of sourcesOf(shards)) {
        const pages = reader.side(nodeId, own, signal).read()[Symbol.asyncIterator]();
        for (;;) {
          const era = watch.era();
          const page = await pages.next();
          if (page.done) break;
          const wanted = page.value.filter(({ id }) => layer.has(shardOf(id, shadow.shards)));
          yield wanted.map((document) => ({ ...moved(document), era }));
        }
      }
    }
    return { read };
  }

  function shadowSide(layer: ReadonlyMap<number, string>, signal: AbortSignal): Side {
    async function* read() {
      for (const [nodeId, shards] of byNode(layer)) yield* shadowReader.side(nodeId, shards, signal).read();
    }
    return { read };
  }

  /** Puts documents into the copies of a layer. `end` resolves with those that a write of unknown documents may have overtaken. */
  function createStores(layer: ReadonlyMap<number, string>, signal: AbortSignal) {
    const uploads = new Map<string, Uploads>();
    const suspects = new Set<string>();
    let stored: { id: string; era: number | null }[] = [];
    let differed = 0;

    function uploadsFor(id: string): Uploads {
      const nodeId = layer.get(shardOf(id, shadow.shards))!;
      const known = uploads.get(nodeId);
      if (known !== undefined) return known;
      const created = createUploads({
        access,
        nodeId,
        index: shadow,
        signal,
        still: options.still,
        throttle: (documents) => options.throttle.take(documents, signal),
        onStored: options.onStored,
      });
      uploads.set(nodeId, created);
      return created;
    }

    async function settle(): Promise<void> {
      await Promise.all([...uploads.values()].map((some) => some.end()));
      const now = watch.era();
      for (const { id, era } of stored) if (era === null || era !== now) suspects.add(id);
      stored = [];
    }

    return {
      async add(document: ListedDocument, era: number | null) {
        differed++;
        stored.push({ id: document.id, era });
        await uploadsFor(document.id).add(document);
        if (stored.length >= uploadsPerLook) await settle();
      },
      /** A document that has gone can only come back by a write that names it. */
      async delete(ids: readonly string[]) {
        differed += ids.length;
        const grouped = new Map<Uploads, string[]>();
        for (const id of ids) {
          const some = uploadsFor(id);
          const list = grouped.get(some);
          if (list === undefined) grouped.set(some, [id]);
          else list.push(id);
        }
        for (const [some, list] of grouped) await some.delete(list);
      },
      async end() {
        await settle();
        return { suspects, differed };
      },
    };
  }

  /** Runs `work` on each layer, and adds to what it found those of the documents written meanwhile for which `concerns` is true. */
  async function watched(
    concerns: (id: string) => boolean,
    work: (found: (part: { suspects: ReadonlySet<string>; differed: number }) => void) => Promise<void>,
  ): Promise<Compared> {
    const window = watch.open();
    const suspects = new Set<string>();
    let differed = 0;
    try {
      await work((part) => {
        for (const id of part.suspects) suspects.add(id);
        differed += part.differed;
      });
      const touched = window.touched();
      for (const id of touched ?? []) if (concerns(id)) suspects.add(id);
      return { suspects, complete: touched !== null, differed };
    } finally {
      window.close();
    }
  }

  async function someIn(layer: ReadonlyMap<number, string>, ids: readonly string[], signal: AbortSignal) {
    const mine = ids.filter((id) => layer.has(shardOf(id, shadow.shards)));
    const era = watch.era();
    const here = new Map<string, ListedDocument>();
    const there = new Map<string, ListedDocument>();
    const grouped = (nodeOf: (id: string) => string) => {
      const nodes = new Map<string, string[]>();
      for (const id of mine) nodes.set(nodeOf(id), [...(nodes.get(nodeOf(id)) ?? []), id]);
      return nodes;
    };
    for (const [nodeId, list] of grouped((id) => options.source(shardOf(id, index.shards)))) {
      for (const document of (await reader.some(nodeId, list, signal)).values())
        there.set(document.id, moved(document));
    }
    for (const [nodeId, list] of grouped((id) => layer.get(shardOf(id, shadow.shards))!)) {
      for (const document of (await shadowReader.some(nodeId, list, signal)).values()) here.set(document.id, document);
    }
    const stores = createStores(layer, signal);
    for (const [id, document] of there) {
      const own = here.get(id);
      if (own === undefined || contentHash(own.raw) !== contentHash(document.raw)) await stores.add(document, era);
    }
    await stores.delete([...here.keys()].filter((id) => !there.has(id)));
    const { suspects, differed } = await stores.end();
    // a write that the shadow has done already, and lost again to what was stored over it, may be still to come in the index
    const quiet = era !== null && era === watch.era();
    return { suspects: quiet ? suspects : new Set(mine), differed };
  }

  return {
    whole(shards, signal) {
      const classes = classCount(index.shards, shadow.shards);
      const [some = 0] = shards.to;
      const concerns = (id: string) => shardOf(id, classes) === some % classes;
      return watched(concerns, async (found) => {
        for (const layer of layers) {
          const part = new Map(shards.to.flatMap((shard) => (layer.has(shard) ? [[shard, layer.get(shard)!]] : [])));
          if (part.size === 0) continue;
          const stores = createStores(part, signal);
          await compareSides(sourceSide(shards.from, part, signal), shadowSide(part, signal), maxEntries, {
            missing: (document) => stores.add(document, (document as ReadDocument).era),
            extra: (ids) => stores.delete(ids),
          });
          found(await stores.end());
        }
      });
    },
    some(ids, signal) {
      const asked = new Set(ids);
      return watched(
        (id) => asked.has(id),
        async (found) => {
          for (let from = 0; from < ids.length; from += idsPerRequest) {
            for (const layer of layers) found(await someIn(layer, ids.slice(from, from + idsPerRequest), signal));
          }
        },
      );
    },
    async counts(signal) {
      const all = Array.from({ length: index.shards }, (_, shard) => shard);
      let documents = 0;
      for (const [nodeId, shards] of sourcesOf(all)) documents += await reader.count(nodeId, shards, signal);
      const held: number[] = [];
      for (const layer of layers) {
        let count = 0;
        for (const [nodeId, shards] of byNode(layer)) count += await shadowReader.count(nodeId, shards, signal);
        held.push(count);
      }
      return { index: documents, shadow: held };
    },
  };
}
