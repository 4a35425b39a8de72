import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer, SearchService } from '../http/services.ts';
import type { Caller } from '../keys/caller.ts';
import { hash64 } from '../placement/hash.ts';
import type { IndexRecord } from '../store/records.ts';
import { searchAttributes } from './attributes.ts';
import { mergeSearchAnswers, readSearchAnswer } from './merge/answer.ts';
import type { HitView } from './merge/hit.ts';
import { windowOf } from './merge/totals.ts';
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

function refuseVectors(query: SearchQuery): void {
  const semantic = query.hybrid !== null && query.hybrid.semanticRatio > 0;
  if (query.vector === null && !semantic && (query.media === null || query.media === undefined)) return;
  throw new ApiError('miroir_not_supported', 'Semantic and hybrid search are not offered by Miroir yet.');
}

/** The same for every page of a search, so that pages come from the same copies. */
function stickyStart(index: IndexRecord, query: SearchQuery, filter: unknown): number {
  const { offset: _offset, limit: _limit, page: _page, hitsPerPage: _size, ...logical } = query;
  return Number(hash64(JSON.stringify([index.id, logical, filter])) % 65_536n);
}

function vectorsVisible(settings: ReadSettings): boolean {
  return settings.displayed === null || settings.displayed.includes('_vectors');
}

/** Build the search service of a process. */
export function createSearchService({ catalog, scatter }: SearchOptions): SearchService {
  const readSettings = createSettingsReader();

  async function search(indexUid: string, query: SearchQuery, caller: Caller): Promise<ReadAnswer> {
    const started = performance.now();
    const index = visibleIndex(catalog, indexUid);
    refuseVectors(query);
    const settings = readSettings(index);
    const filter = joinFilters(query.filter, caller.tenantFilter(indexUid));
    const distinct = query.distinct ?? settings.distinct;
    const attributes = searchAttributes(query, settings.displayed);
    const window = windowOf(query, settings.maxTotalHits);
    const extras = mergeFields(index, distinct);
    const retrieveVectors = query.retrieveVectors && vectorsVisible(settings);
    const body = nodeSearchBody({ query, filter, attributes, window, extras, retrieveVectors });
    const { answers, missing } = await scatter({
      index,
      shards: allShards(index),
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
        elapsedMs: performance.now() - started,
      },
    );
    return { json, missingShards: missing, settingsVersion: index.settingsVersion };
  }

  return { search };
}
