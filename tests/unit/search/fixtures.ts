import type { HitView } from '../../../src/search/merge/hit.ts';
import type { SearchQuery } from '../../../src/search/query.ts';
import type { IndexRecord } from '../../../src/store/records.ts';

/** What a client that asks for nothing special sees of a hit: the document. */
export const plainView: HitView = {
  visible: { retrieve: null, formatted: null, displayed: null },
  extras: [],
  formatted: false,
  matchesPosition: false,
  rankingScore: false,
  rankingScoreDetails: false,
};

/** A catalog record with sensible values. */
export function indexRecord(change: Partial<IndexRecord> = {}): IndexRecord {
  return {
    id: 1,
    uid: 'films',
    acceptedUid: 'films',
    physicalUid: 'films_g1',
    shards: 8,
    state: 'active',
    shadow: null,
    primaryKey: 'id',
    acceptedPrimaryKey: 'id',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    settings: null,
    settingsVersion: 1,
    ...change,
  };
}

/** A search with Meilisearch's defaults. */
export function searchQuery(change: Partial<SearchQuery> = {}): SearchQuery {
  return {
    q: null,
    vector: null,
    media: null,
    hybrid: null,
    offset: 0,
    limit: 20,
    page: null,
    hitsPerPage: null,
    attributesToRetrieve: null,
    retrieveVectors: false,
    attributesToCrop: null,
    cropLength: 10,
    attributesToHighlight: null,
    showMatchesPosition: false,
    showRankingScore: false,
    showRankingScoreDetails: false,
    filter: null,
    sort: null,
    distinct: null,
    facets: null,
    highlightPreTag: '<em>',
    highlightPostTag: '</em>',
    cropMarker: '…',
    matchingStrategy: 'last',
    attributesToSearchOn: null,
    rankingScoreThreshold: null,
    locales: null,
    ...change,
  };
}
