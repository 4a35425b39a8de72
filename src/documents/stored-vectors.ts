import { LRUCache } from 'lru-cache';
import { ApiError } from '../errors/api-error.ts';
import { elements, members, rawFields } from '../json/scan.ts';
import { shardOf } from '../placement/hash.ts';
import { allShards } from '../search/plan.ts';
import type { Scatter } from '../search/scatter.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoredVectors } from './check-embeddings.ts';
import { scanDocument } from './fields.ts';
import { documentId } from './ids.ts';

/** Documents read at a time, since their vectors come with them. */
const pageSize = 200;
const wrongDimensions = /expected: `(\d+)`, found/;

/** What only the nodes know about the vectors of an index. */
export interface VectorLookup {
  /** What the index holds of some documents. Throws when a shard of one cannot be read. */
  stored(index: IndexRecord, ids: readonly string[]): Promise<StoredVectors>;
  /** Dimensions of an embedder that learnt them itself; null when no node can tell. */
  dimensions(index: IndexRecord, embedder: string): Promise<number | null>;
}

function readPage(text: string, primaryKey: string): Map<string, Set<string>> {
  const results = members(text).find(({ key }) => key === 'results');
  if (results === undefined) throw new SyntaxError('no list of documents');
  const found = new Map<string, Set<string>>();
  for (const document of elements(text, results.valueStart)) {
    const id = documentId(document, primaryKey, scanDocument(document, primaryKey).wanted);
    if (!id.ok) throw new SyntaxError('a document without id');
    const vectors = rawFields(rawFields(document).get('_vectors') ?? '{}');
    // What stands there for a name that is no embedder's is shown as it was sent, so it may be anything.
    const regenerating = [...vectors].filter(
      ([, entry]) => entry.startsWith('{') && rawFields(entry).get('regenerate') === 'true',
    );
    found.set(id.id, new Set(regenerating.map(([name]) => name)));
  }
  return found;
}

/** `VectorLookup` over a scatter. */
export function createVectorLookup(scatter: Scatter): VectorLookup {
  const learnt = new LRUCache<string, { dimensions: number | null }>({ max: 1_000 });

  async function page(index: IndexRecord, ids: readonly string[]): Promise<Map<string, Set<string>>> {
    const primaryKey = index.acceptedPrimaryKey ?? '';
    const shards = new Map(ids.map((id) => [id, shardOf(id, index.shards)]));
    const { answers, missing } = await scatter({
      index,
      shards: [...new Set(shards.values())],
      startGroup: 0,
      build: (own) => {
        const asked = new Set(own);
        const wanted = ids.filter((id) => asked.has(shards.get(id) ?? -1));
        const body = { ids: wanted, fields: [primaryKey], retrieveVectors: true, limit: wanted.length };
        return { method: 'POST', path: `/indexes/${index.physicalUid}/documents/fetch`, body: JSON.stringify(body) };
      },
      read: ({ text }) => readPage(text, primaryKey),
    });
    if (missing.length > 0) {
      throw new ApiError('miroir_shard_unavailable', `Shard ${missing[0]} could not be read. Retry.`);
    }
    return new Map(answers.flatMap(({ value }) => [...value]));
  }

  async function ask(index: IndexRecord, embedder: string): Promise<number | null> {
    const body = JSON.stringify({ vector: [0], hybrid: { embedder, semanticRatio: 1 }, limit: 0 });
    const path = `/indexes/${index.physicalUid}/search`;
    const build = () => ({ method: 'POST', path, body }) as const;
    try {
      await scatter({ index, shards: allShards(index).slice(0, 1), startGroup: 0, build, read: () => null });
      return 1;
    } catch (error) {
      const told = error instanceof ApiError ? wrongDimensions.exec(error.message)?.[1] : undefined;
      if (told === undefined && !(error instanceof ApiError)) throw error;
      return told === undefined ? null : Number(told);
    }
  }

  return {
    async stored(index, ids) {
      const found = new Map<string, Set<string>>();
      for (let start = 0; start < ids.length; start += pageSize) {
        for (const [id, names] of await page(index, ids.slice(start, start + pageSize))) found.set(id, names);
      }
      return {
        has: (id) => found.has(id),
        regenerates: (id, embedder) => found.get(id)?.has(embedder) === true,
      };
    },
    async dimensions(index, embedder) {
      const key = JSON.stringify([index.id, index.settingsVersion, embedder]);
      const known = learnt.get(key)?.dimensions ?? (await ask(index, embedder));
      if (known !== null) learnt.set(key, { dimensions: known });
      return known;
    },
  };
}
