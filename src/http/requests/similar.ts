import type { SimilarQuery } from '../../search/query.ts';
import type { Parser } from '../../validation/cursor.ts';
import { quoted } from '../../validation/kinds.ts';
import { invalidValue } from '../../validation/messages.ts';
import { object, optional, required } from '../../validation/object.ts';
import { booleanText, integerText, list } from '../../validation/query-values.ts';
import { any, arrayOf, boolean, integer, nullable, string } from '../../validation/values.ts';
import { filterText } from './filter-text.ts';
import { ratio, ratioText } from './floats.ts';

const DEFAULT_LIMIT = 20;
const validId = /^(?=.{1,511}$)[A-Za-z0-9_-]+$/;
const threshold = 'rankingScoreThreshold';

/** The id as text; whole numbers and strings may be ids. */
const documentId: Parser<string> = (at) => {
  const text = quoted(at);
  const id = typeof at.value === 'string' ? at.value : text;
  const isText = typeof at.value === 'string' && validId.test(id);
  if (isText || /^-?\d{1,20}$/.test(text)) return id;
  throw invalidValue(
    at,
    `Document identifier \`${text}\` is invalid. A document identifier can be of type integer or string, only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), and can not be more than 511 bytes.`,
    'invalid_similar_id',
  );
};

/** The body of `POST /indexes/{uid}/similar`, its fields in the order in which messages list them. */
export const similarBody: Parser<SimilarQuery> = object({
  id: required(documentId, 'invalid_similar_id'),
  offset: optional(integer(), 'invalid_similar_offset', 0),
  limit: optional(integer(), 'invalid_similar_limit', DEFAULT_LIMIT),
  filter: optional(any, 'invalid_similar_filter', null),
  embedder: required(string, 'invalid_similar_embedder'),
  attributesToRetrieve: optional(nullable(arrayOf(string)), 'invalid_similar_attributes_to_retrieve', null),
  retrieveVectors: optional(boolean, 'invalid_similar_retrieve_vectors', false),
  showRankingScore: optional(boolean, 'invalid_similar_show_ranking_score', false),
  showRankingScoreDetails: optional(boolean, 'invalid_similar_show_ranking_score_details', false),
  rankingScoreThreshold: optional(nullable(ratio(threshold)), 'invalid_similar_ranking_score_threshold', null),
});

/** The parameters of `GET /indexes/{uid}/similar`, before `toSimilarQuery`. */
export const similarParameters = object({
  id: required(string, 'invalid_similar_id'),
  offset: optional(integerText(), 'invalid_similar_offset', 0),
  limit: optional(integerText(), 'invalid_similar_limit', DEFAULT_LIMIT),
  attributesToRetrieve: optional(list(string), 'invalid_similar_attributes_to_retrieve', null),
  retrieveVectors: optional(booleanText, 'invalid_similar_retrieve_vectors', false),
  filter: optional(string, 'invalid_similar_filter', null),
  showRankingScore: optional(booleanText, 'invalid_similar_show_ranking_score', false),
  showRankingScoreDetails: optional(booleanText, 'invalid_similar_show_ranking_score_details', false),
  rankingScoreThreshold: optional(ratioText(threshold), 'invalid_similar_ranking_score_threshold', null),
  embedder: required(string, 'invalid_similar_embedder'),
});

/** The query of the GET route; its id is judged after all parameters, in the words of the POST route. */
export function toSimilarQuery(parameters: ReturnType<typeof similarParameters>): SimilarQuery {
  const { id, filter, rankingScoreThreshold, ...same } = parameters;
  return {
    ...same,
    id: documentId({ value: id, path: ['id'], code: 'invalid_similar_id', source: { format: 'json', text: null } }),
    filter: filter === null ? null : filterText(filter),
    // Not a number excludes nothing.
    rankingScoreThreshold: Number.isNaN(rankingScoreThreshold) ? null : rankingScoreThreshold,
  };
}
