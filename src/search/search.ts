import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer, SearchService } from '../http/services.ts';
import type { Caller } from '../keys/caller.ts';
import { hash64 } from '../placement/hash.ts';
import type { IndexRecord } from '../store/records.ts';
import { searchAttributes } from './attributes.ts';
import { narrowedShards } from './filter/shards.ts';
import { mergeSearchAnswers, readSearchAnswer } from './merge/answer.ts';
import type { HitView } from './merge/hit.ts';
import { type Window, windowOf } from './merge/totals.ts';
import { joinFilters, mergeFields, nodeSearchBody } from './node-request.ts';
import { allShards } from './plan.ts';
import type { SearchQuery } from './query.ts';
import type { Scatter } from './scatter.ts';
import { createSettingsReader, type ReadSettings } from './settings-view.ts';
import { visibleIndex } from './visible-index.ts';

/** What the search service is built from. */
export interface SearchOptions {
  catalog: { visible(uid: string): IndexRecord | null };
  scatter: Scatter;
}

/** Whether vectors decide about the order. What a node refuses anyway (no or an unknown embedder) is left to it. */
function isSemantic({ q, vector, media, hybrid }: SearchQuery, settings: ReadSettings): boolean {
  if (hybrid === null || hybrid.semanticRatio === 0 || !settings.hasEmbedder(hybrid.embedder)) return false;
  return vector !== null || (media !== null && media !== undefined) || (q ?? '').trim() !== '';
}

function refuseVectors(query: SearchQuery, settings: ReadSettings): void {
  if (!isSemantic(query, settings)) return;
  throw new ApiError('miroir_not_supported', 'Semantic and hybrid search are not offered by Miroir yet.');
}

/** The same for every page of a search, so that pages come from the same copies. */
function stickyStart(index: IndexRecord, query: SearchQuery, filter: unknown): number {
  const { offset: _offset, limit: _limit, page: _page, hitsPerPage: _size, ...logical } = query;
  return Number(hash64(JSON.stringify([index.id, logical, filter])) % 65_536n);
}

/** Facets name the fields that nodes know, so they are asked of all. */
function searchedShards(index: IndexRecord, query: SearchQuery, filter: unknown): number[] {
  const narrowed = query.facets === null ? narrowedShards(filter, index) : null;
  return narrowed ?? allShards(index);
}

/** Meilisearch counts distinct values exactly by page, and where nothing ranks, since it then looks at every document. */
function countsDistinct(query: SearchQuery, window: Window, distinct: string | null, settings: ReadSettings): boolean {
  const unranked = (query.q ?? '').trim() === '' && (query.sort ?? []).length === 0;
  return distinct !== null && (window.paged || unranked) && settings.isFilterable(distinct);
}

function vectorsVisible(settings: ReadSettings): boolean {
  return settings.displayed === null || settings.displayed.includes('_vectors');
}

/** Build the search service of a process. */
export function createSearchService({ catalog, scatter }: SearchOptions): Pick<SearchService, 'search'> {
  const readSettings = createSettingsReader();

  async function search(indexUid: string, query: SearchQuery, caller: Caller): Promise<ReadAnswer> {
    const started = performance.now();
    const index = visibleIndex(catalog, indexUid);
    const settings = readSettings(index);
    refuseVectors(query, settings);
    const filter = joinFilters(query.filter, caller.tenantFilter(indexUid));
    const distinct = query.distinct ?? settings.distinct;
    const attributes = searchAttributes(query, settings.displayed);
    const window = windowOf(query, settings.maxTotalHits);
    const extras = mergeFields(index, distinct);
    const retrieveVectors = query.retrieveVectors && vectorsVisible(settings);
    const countedDistinct = countsDistinct(query, window, distinct, settings) ? distinct : null;
    const countedFields = countedDistinct === null ? [] : [countedDistinct];
    const body = nodeSearchBody({ query, filter, attributes, window, extras, retrieveVectors, countedFields });
    const { answers, missing } = await scatter({
      index,
      shards: searchedShards(index, query, filter),
      startGroup: stickyStart(index, query, filter),
      build: (shards, whole) => ({
        method: 'POST',
        path: `/indexes/${index.physicalUid}/search`,
        body: body(shards, whole),
      }),
      read: readSearchAnswer,
    });
    const view: HitView = {
      visible: attributes.visible,
      extras,
      formatted: query.attributesToHighlight !== null || query.attributesToCrop !== null,
      matchesPosition: query.showMatchesPosition,
      rankingScore: query.showRankingScore,
      rankingScoreDetails: query.showRankingScoreDetails,
    };
    const json = mergeSearchAnswers(
      answers.map((answer) => answer.value),
      {
        query,
        window,
        settings,
        view,
        primaryKey: index.primaryKey,
        distinct,
        countedDistinct,
        elapsedMs: performance.now() - started,
      },
    );
    return { json, missingShards: missing, settingsVersion: index.settingsVersion };
  }

  return { search };
}
