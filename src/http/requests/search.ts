import { ApiError } from '../../errors/api-error.ts';
import { locales } from '../../indexes/settings/locales.ts';
import type { SearchQuery } from '../../search/query.ts';
import type { Parser } from '../../validation/cursor.ts';
import { invalidValue } from '../../validation/messages.ts';
import { object, optional, required } from '../../validation/object.ts';
import { booleanText, integerText, list } from '../../validation/query-values.ts';
import { any, arrayOf, boolean, integer, nullable, number, oneOf, refine, string } from '../../validation/values.ts';
import { filterText } from './filter-text.ts';
import { floatList, ratio, ratioText } from './floats.ts';
import { sortText } from './sort.ts';

const strings = nullable(arrayOf(string));
const strategies = ['last', 'all', 'frequency'] as const;
const DEFAULT_LIMIT = 20;
const DEFAULT_CROP_LENGTH = 10;
const DEFAULT_SEMANTIC_RATIO = 0.5;

const hybrid = object(
  {
    semanticRatio: optional(ratio('semanticRatio'), 'invalid_search_semantic_ratio', DEFAULT_SEMANTIC_RATIO),
    embedder: required(string, 'invalid_search_embedder'),
  },
  { code: 'invalid_search_hybrid_query' },
);

/** The fields of a search body, in the order in which messages list them; multi-search adds its own. */
export const searchFields = {
  q: optional(nullable(string), 'invalid_search_q', null),
  vector: optional(nullable(arrayOf(number)), 'invalid_search_vector', null),
  media: optional(any, 'invalid_search_media', null),
  hybrid: optional(nullable(hybrid), 'invalid_search_hybrid_query', null),
  offset: optional(integer(), 'invalid_search_offset', 0),
  limit: optional(integer(), 'invalid_search_limit', DEFAULT_LIMIT),
  page: optional(nullable(integer()), 'invalid_search_page', null),
  hitsPerPage: optional(nullable(integer()), 'invalid_search_hits_per_page', null),
  attributesToRetrieve: optional(strings, 'invalid_search_attributes_to_retrieve', null),
  retrieveVectors: optional(boolean, 'invalid_search_retrieve_vectors', false),
  attributesToCrop: optional(strings, 'invalid_search_attributes_to_crop', null),
  cropLength: optional(integer(), 'invalid_search_crop_length', DEFAULT_CROP_LENGTH),
  attributesToHighlight: optional(strings, 'invalid_search_attributes_to_highlight', null),
  showMatchesPosition: optional(boolean, 'invalid_search_show_matches_position', false),
  showRankingScore: optional(boolean, 'invalid_search_show_ranking_score', false),
  showRankingScoreDetails: optional(boolean, 'invalid_search_show_ranking_score_details', false),
  filter: optional(any, 'invalid_search_filter', null),
  sort: optional(strings, 'invalid_search_sort', null),
  distinct: optional(nullable(string), 'invalid_search_distinct', null),
  facets: optional(strings, 'invalid_search_facets', null),
  highlightPreTag: optional(string, 'invalid_search_highlight_pre_tag', '<em>'),
  highlightPostTag: optional(string, 'invalid_search_highlight_post_tag', '</em>'),
  cropMarker: optional(string, 'invalid_search_crop_marker', '…'),
  matchingStrategy: optional(oneOf(strategies), 'invalid_search_matching_strategy', 'last' as const),
  attributesToSearchOn: optional(strings, 'invalid_search_attributes_to_search_on', null),
  rankingScoreThreshold: optional(
    nullable(ratio('rankingScoreThreshold')),
    'invalid_search_ranking_score_threshold',
    null,
  ),
  locales: optional(nullable(arrayOf(oneOf(locales))), 'invalid_search_locales', null),
};

/** The body of `POST /indexes/{uid}/search`. Filter and sort expressions are the search's to judge, after the index is found. */
export const searchBody: Parser<SearchQuery> = object(searchFields);

const byLength = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1);
/** Messages about query parameters list locales in this order. */
const sortedLocales = [...locales].sort(byLength);

const localeList: Parser<string[]> = refine(string, (text, at) => {
  const found = text.split(',').filter((piece) => piece !== '');
  const unknown = found.find((piece) => !sortedLocales.includes(piece));
  if (unknown === undefined) return found;
  throw invalidValue(at, `Unsupported locale \`${unknown}\`, expected one of ${sortedLocales.join(', ')}`);
});

const words = list(string);

/** The parameters of `GET /indexes/{uid}/search`, in the order in which messages list them, before `toSearchQuery`. */
export const searchParameters = object({
  q: optional(string, 'invalid_search_q', null),
  vector: optional(floatList, 'invalid_search_vector', null),
  offset: optional(integerText(), 'invalid_search_offset', 0),
  limit: optional(integerText(), 'invalid_search_limit', DEFAULT_LIMIT),
  page: optional(integerText(), 'invalid_search_page', null),
  hitsPerPage: optional(integerText(), 'invalid_search_hits_per_page', null),
  attributesToRetrieve: optional(words, 'invalid_search_attributes_to_retrieve', null),
  retrieveVectors: optional(booleanText, 'invalid_search_retrieve_vectors', false),
  attributesToCrop: optional(words, 'invalid_search_attributes_to_crop', null),
  cropLength: optional(integerText(), 'invalid_search_crop_length', DEFAULT_CROP_LENGTH),
  attributesToHighlight: optional(words, 'invalid_search_attributes_to_highlight', null),
  filter: optional(string, 'invalid_search_filter', null),
  sort: optional(string, 'invalid_search_sort', null),
  distinct: optional(string, 'invalid_search_distinct', null),
  showMatchesPosition: optional(booleanText, 'invalid_search_show_matches_position', false),
  showRankingScore: optional(booleanText, 'invalid_search_show_ranking_score', false),
  showRankingScoreDetails: optional(booleanText, 'invalid_search_show_ranking_score_details', false),
  facets: optional(words, 'invalid_search_facets', null),
  highlightPreTag: optional(string, 'invalid_search_highlight_pre_tag', '<em>'),
  highlightPostTag: optional(string, 'invalid_search_highlight_post_tag', '</em>'),
  cropMarker: optional(string, 'invalid_search_crop_marker', '…'),
  matchingStrategy: optional(oneOf(strategies), 'invalid_search_matching_strategy', 'last' as const),
  attributesToSearchOn: optional(words, 'invalid_search_attributes_to_search_on', null),
  hybridEmbedder: optional(string, 'invalid_search_embedder', null),
  hybridSemanticRatio: optional(ratioText('semanticRatio'), 'invalid_search_semantic_ratio', null),
  rankingScoreThreshold: optional(ratioText('rankingScoreThreshold'), 'invalid_search_ranking_score_threshold', null),
  locales: optional(localeList, 'invalid_search_locales', null),
});

type SearchParameters = ReturnType<typeof searchParameters>;

function hybridOf({ vector, hybridEmbedder, hybridSemanticRatio }: SearchParameters): SearchQuery['hybrid'] {
  if (hybridEmbedder !== null) {
    return { embedder: hybridEmbedder, semanticRatio: hybridSemanticRatio ?? DEFAULT_SEMANTIC_RATIO };
  }
  if (hybridSemanticRatio !== null) {
    throw new ApiError(
      'invalid_search_hybrid_query',
      '`hybridEmbedder` is mandatory when `hybridSemanticRatio` is present',
    );
  }
  if (vector !== null) {
    throw new ApiError('missing_search_hybrid', '`hybridEmbedder` is mandatory when `vector` is present');
  }
  return null;
}

/** A search from the parameters of the GET route. */
export function toSearchQuery(parameters: SearchParameters): SearchQuery {
  const { hybridEmbedder: _embedder, hybridSemanticRatio: _ratio, filter, sort, ...same } = parameters;
  const threshold = parameters.rankingScoreThreshold;
  return {
    ...same,
    media: null,
    hybrid: hybridOf(parameters),
    filter: filter === null ? null : filterText(filter),
    sort: sort === null ? null : sortText(sort),
    // Not a number excludes nothing.
    rankingScoreThreshold: threshold !== null && Number.isNaN(threshold) ? null : threshold,
  };
}

/** Refusals that need several fields; they come after the index is found. */
export function checkSearch(query: SearchQuery): void {
  const media = query.media !== null && query.media !== undefined;
  if (media && query.vector !== null) {
    throw new ApiError(
      'invalid_search_media_and_vector',
      'Invalid request: both `media` and `vector` parameters are present.',
    );
  }
  if (query.hybrid === null && (media || query.vector !== null)) {
    throw new ApiError(
      'missing_search_hybrid',
      'Invalid request: missing `hybrid` parameter when `vector` or `media` are present.',
    );
  }
}
