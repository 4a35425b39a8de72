import { bufferOfAll, bytesOf, separated } from '../../json/byte-text.ts';
import type { FacetsJson } from '../merge/facets.ts';
import { hitsFirst } from '../merge/ranked-hit.ts';
import { type FacetOrders, joinFacets } from './facets.ts';
import type { IndexResult } from './index-search.ts';
import { mergeIndexes, renderFederatedHit } from './merge.ts';
import type { FederatedRequest } from './request.ts';

interface AnswerOptions {
  request: FederatedRequest;
  facetOrders: FacetOrders;
  /** Whether any query looked for vectors, whatever it found. */
  semantic: boolean;
  /** Milliseconds shown as `processingTimeMs`. */
  elapsedMs: number;
}

function facetsJson(results: readonly IndexResult[], { request, facetOrders }: AnswerOptions): string {
  const { mergeFacets } = request.federation;
  const found = results.flatMap(({ indexUid, facets }) => (facets === null ? [] : [[indexUid, facets] as const]));
  if (found.length === 0) return '';
  if (mergeFacets !== null) {
    const all: FacetsJson[] = found.map(([, facets]) => facets);
    const joined = joinFacets(all, facetOrders, mergeFacets.maxValuesPerFacet);
    return `,"facetDistribution":${joined.distribution},"facetStats":${joined.stats}`;
  }
  const each = found.map(
    ([uid, { distribution, stats }]) => `${JSON.stringify(uid)}:{"distribution":${distribution},"stats":${stats}}`,
  );
  return `,"facetsByIndex":{${each.join(',')}}`;
}

function vectorsJson(results: readonly IndexResult[], { request }: AnswerOptions): string {
  if (!request.queries.some(({ query }) => query.retrieveVectors)) return '';
  const vectors = results.flatMap((result) => [...result.vectors]).sort(([a], [b]) => a - b);
  return `,"queryVectors":{${vectors.map(([position, vector]) => `"${position}":${vector}`).join(',')}}`;
}

/** The answer to a federated search, in Meilisearch's order of members. */
export function writeFederatedAnswer(results: readonly IndexResult[], options: AnswerOptions): Buffer {
  const { limit, offset } = options.request.federation;
  const merged = mergeIndexes(
    results.map(({ hits }) => hits),
    limit + offset,
  );
  const hits = merged.slice(offset);
  const total = results.reduce((sum, result) => sum + result.total, 0);
  const semantic = hits.filter((hit) => hit.semantic).length;
  return bufferOfAll([
    bytesOf(hitsFirst),
    ...separated(hits.map(renderFederatedHit)),
    bytesOf(`],"processingTimeMs":${Math.round(options.elapsedMs)}`),
    bytesOf(`,"limit":${limit},"offset":${offset},"estimatedTotalHits":${total}`),
    bytesOf(vectorsJson(results, options)),
    bytesOf(options.semantic ? `,"semanticHitCount":${semantic}` : ''),
    bytesOf(`${facetsJson(results, options)}}`),
  ]);
}
