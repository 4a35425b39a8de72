import type { ReadAnswer, SearchService } from '../http/services.ts';
import type { Caller } from '../keys/caller.ts';
import type { IndexRecord } from '../store/records.ts';
import { searchAttributes } from './attributes.ts';
import { createFetchDocuments } from './deep-page.ts';
import { createFederatedSearch } from './federated/federated.ts';
import { narrowedShards } from './filter/shards.ts';
import { findHits } from './find-hits.ts';
import { createHybridSearch } from './hybrid.ts';
import { writeSearchAnswer } from './merge/answer.ts';
import { type Window, windowOf } from './merge/totals.ts';
import { joinFilters, mergeFields } from './node-request.ts';
import { allShards } from './plan.ts';
import type { SearchQuery } from './query.ts';
import type { Scatter } from './scatter.ts';
import { createAskNodes, mergeOptions, type PlannedSearch } from './search-round.ts';
import { readSeed } from './seed.ts';
import { createSettingsReader, type ReadSettings } from './settings-view.ts';
import { createSimilarSearch } from './similar.ts';
import { findSpellings } from './spelling.ts';
import { countThinned } from './thinned.ts';
import { vectorSearch, vectorsVisible } from './vector-search.ts';
import { visibleIndex } from './visible-index.ts';

/** What the search service is built from. */
export interface SearchOptions {
  catalog: { visible(uid: string): IndexRecord | null };
  scatter: Scatter;
  /** Hits that each node is asked for at least when vectors rank. */
  semanticOverFetch: number;
}

/** The same for every page of a search, so that pages come from the same copies; what tells most searches apart is enough. */
function stickyStart(index: IndexRecord, { q, sort, vector }: SearchQuery, filter: unknown): number {
  return readSeed(index.id, q, filter, sort, vector?.[0]);
}

/** Facets name the fields that nodes know, so they are asked of all. */
function searchedShards(index: IndexRecord, query: SearchQuery, filter: unknown): readonly number[] {
  const narrowed = query.facets === null ? narrowedShards(filter, index) : null;
  return narrowed ?? allShards(index);
}

/** Meilisearch counts distinct values exactly by page. */
function countsDistinct(window: Window, distinct: string | null, settings: ReadSettings): boolean {
  return distinct !== null && window.paged && settings.isFilterable(distinct);
}

/** Fields fetched with the hits; counting what `distinct` or a threshold leaves needs the facets' too. */
function extrasOf(index: IndexRecord, query: SearchQuery, distinct: string | null): string[] {
  const thinned = distinct !== null || query.rankingScoreThreshold !== null;
  const facets = thinned ? (query.facets ?? []) : [];
  return [...mergeFields(index, distinct), ...facets.filter((facet) => facet !== '*')];
}

/** Build the search service of a process. */
export function createSearchService({
  catalog,
  scatter,
  semanticOverFetch,
}: SearchOptions): Pick<SearchService, 'search' | 'similar' | 'federated'> {
  const readSettings = createSettingsReader();
  const ask = createAskNodes(scatter);
  const fetchDocuments = createFetchDocuments(scatter);
  const searchVectors = createHybridSearch(ask, semanticOverFetch);

  function plan(indexUid: string, query: SearchQuery, caller: Caller): PlannedSearch {
    const started = performance.now();
    const index = visibleIndex(catalog, indexUid);
    const settings = readSettings(index);
    const filter = joinFilters(query.filter, caller.tenantFilter(indexUid));
    const distinct = query.distinct ?? settings.distinct;
    const window = windowOf(query, settings.maxTotalHits);
    return {
      index,
      settings,
      query,
      filter,
      attributes: searchAttributes(query, settings.displayed),
      window,
      extras: extrasOf(index, query, distinct),
      retrieveVectors: query.retrieveVectors && vectorsVisible(settings),
      distinct,
      countedDistinct: countsDistinct(window, distinct, settings) ? distinct : null,
      shards: searchedShards(index, query, filter),
      startGroup: stickyStart(index, query, filter),
      started,
    };
  }

  async function searchWords(search: PlannedSearch): Promise<ReadAnswer<Buffer>> {
    const { hits: ranked, passed, answers, missing } = await findHits(ask, fetchDocuments, search);
    const counted = await countThinned(ask, search, ranked, answers);
    const hits = ranked.map(({ hit }) => hit);
    const spellings = await findSpellings(ask, search, answers);
    const json = writeSearchAnswer({ hits, passed, answers, counted, spellings }, mergeOptions(search));
    return { json, missingShards: missing, settingsVersion: search.index.settingsVersion };
  }

  return {
    async search(indexUid, query, caller, { overFetch = null } = {}) {
      const search = plan(indexUid, query, caller);
      const vectors = vectorSearch(query, search.settings);
      return vectors === null ? searchWords(search) : searchVectors(search, vectors, overFetch);
    },
    similar: createSimilarSearch({ catalog, scatter, readSettings, least: semanticOverFetch }),
    federated: createFederatedSearch({ catalog, scatter, readSettings, plan, least: semanticOverFetch }),
  };
}
