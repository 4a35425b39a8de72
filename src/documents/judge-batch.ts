import { ApiError } from '../errors/api-error.ts';
import type { Catalog } from '../indexes/catalog.ts';
import type { PreparedIndex } from '../indexes/prepare.ts';
import { acceptedSettings } from '../indexes/settings/accepted.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import type { DocumentEmbedder, StoredVectors } from './check-embeddings.ts';
import { isGeoChecked } from './checks.ts';
import type { RawDocument } from './payload.ts';
import { type BatchRequest, type BatchResult, prepareBatch } from './prepare-batch.ts';
import type { VectorLookup } from './stored-vectors.ts';
import { inTurns } from './turns.ts';

/** What judging batches is built from. */
export interface BatchJudgeOptions {
  catalog: Catalog;
  active: ActiveTasks;
  lookup: VectorLookup;
  /** Milliseconds that earlier tasks of an index may take where the fate of a batch depends on what they leave. */
  quietTimeoutMs: number;
}

/** A batch, and the index that it is written to. */
export type JudgedBatch = Omit<BatchRequest, 'primaryKey' | 'geoEnabled' | 'embedders' | 'stored'>;

/** Decides the fate of batches under the settings that will be in force once all accepted tasks have ended. */
export type BatchJudge = (prepared: PreparedIndex, batch: JudgedBatch) => Promise<BatchResult>;

const nothingStored: StoredVectors = { has: () => false, regenerates: () => false };

/** The embedders of settings; dimensions that only the nodes know are null. */
export function documentEmbedders(settings: Record<string, unknown>): DocumentEmbedder[] {
  const embedders = (settings.embedders ?? {}) as Record<string, { source?: string; dimensions?: number | null }>;
  return Object.entries(embedders).map(([name, { source, dimensions }]) => ({
    name,
    userProvided: source === 'userProvided',
    dimensions: dimensions ?? null,
  }));
}

/** Whether a document may bring vectors; escapes may hide the name. */
const mayBringVectors = (document: RawDocument) => document.includes('_vectors') || document.includes('\\u');

/** Build the judge of a process. Where settings and batch do not tell, the index is asked once earlier tasks have ended. */
export function createBatchJudge({ catalog, active, lookup, quietTimeoutMs }: BatchJudgeOptions): BatchJudge {
  /** The index after all earlier tasks. */
  async function settled(index: IndexRecord): Promise<IndexRecord> {
    if (!(await active.drained(index.acceptedUid, quietTimeoutMs))) {
      throw new ApiError(
        'miroir_index_busy',
        `Earlier tasks of index \`${index.acceptedUid}\` have not ended in time.`,
        {
          headers: { 'retry-after': '10' },
        },
      );
    }
    return catalog.byId(index.id) ?? index;
  }

  async function withDimensions(index: IndexRecord, embedders: readonly DocumentEmbedder[]) {
    const now = await settled(index);
    return Promise.all(
      embedders.map(async (embedder) => ({
        ...embedder,
        dimensions: embedder.dimensions ?? (await lookup.dimensions(now, embedder.name)),
      })),
    );
  }

  return async ({ index, fresh }, batch) => {
    const settings = acceptedSettings(index, active);
    const declared = documentEmbedders(settings);
    const unknown = declared.some(({ dimensions }) => dimensions === null);
    const embedders =
      unknown && batch.documents.some(mayBringVectors) ? await withDimensions(index, declared) : declared;
    const request: BatchRequest = {
      ...batch,
      primaryKey: index.acceptedPrimaryKey,
      geoEnabled: isGeoChecked(settings),
      embedders,
    };
    const first = await inTurns(prepareBatch(request));
    if (first.doubtful.size === 0) return first;
    const stored = fresh ? nothingStored : await lookup.stored(await settled(index), [...first.doubtful]);
    return inTurns(prepareBatch({ ...request, stored }));
  };
}
