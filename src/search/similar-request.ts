import { shardField } from '../documents/markers.ts';
import type { IndexRecord } from '../store/records.ts';
import { disguiseFilter } from './disguise.ts';
import { withShards } from './node-request.ts';
import type { SimilarQuery } from './query.ts';
import type { ReadSettings } from './settings-view.ts';

/** Everything that decides what nodes are asked about similar documents. */
export interface SimilarRequest {
  index: IndexRecord;
  settings: ReadSettings;
  query: SimilarQuery;
  /** The client's filter and the tenant token's. */
  filter: unknown;
  /** Fields to fetch; null: all. */
  retrieve: readonly string[] | null;
  retrieveVectors: boolean;
  /** Hits that each node is asked for. */
  reach: number;
}

/**
 * A field that no document has and that may be asked to be distinct, since it lies below the shard's, which is
 * filterable: it switches the index's own distinct attribute off, which `similar` does not know.
 */
const distinctByNothing = `${shardField}.none`;

function common({ filter, retrieve, retrieveVectors }: SimilarRequest, shards: readonly number[]) {
  return {
    offset: 0,
    filter: withShards(disguiseFilter(filter), shards),
    ...(retrieve === null ? {} : { attributesToRetrieve: retrieve }),
    retrieveVectors,
    showRankingScoreDetails: true,
  };
}

/** Body for the node of the document's own shard. The threshold is applied to the merged list. */
export function homeBody(request: SimilarRequest, shards: readonly number[]): string {
  const { id, embedder } = request.query;
  return JSON.stringify({ ...common(request, shards), id, embedder, limit: request.reach });
}

/**
 * Body for nodes of other shards: a search for the neighbours of a vector, or for none but with their number when there
 * is no vector. Where a custom ranking rule comes before similarity, all that the index lets be seen are asked for.
 */
export function neighboursBody(
  request: SimilarRequest,
  shards: readonly number[],
  vector: readonly number[] | null,
): string {
  const { settings, query, reach } = request;
  const distinct = settings.distinct === null ? {} : { distinct: distinctByNothing };
  const body = { ...common(request, shards), ...distinct };
  if (vector === null) return JSON.stringify({ ...body, limit: 0 });
  return JSON.stringify({
    ...body,
    vector,
    hybrid: { embedder: query.embedder, semanticRatio: 1 },
    limit: settings.sortsFirst && reach > 0 ? Math.max(reach, settings.maxTotalHits) : reach,
  });
}
