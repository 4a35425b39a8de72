import { ApiError } from '../../errors/api-error.ts';
import type { SearchQuery } from '../../search/query.ts';
import type { Parser } from '../../validation/cursor.ts';
import { indexUid } from '../../validation/index-uid.ts';
import { object, optional, required } from '../../validation/object.ts';
import { any, arrayOf } from '../../validation/values.ts';
import { searchFields } from './search.ts';

const { showMatchesPosition, showRankingScore, showRankingScoreDetails, ...fields } = searchFields;

/** Messages list the fields of a query in another order than those of a search. */
const beforeFilter = Object.fromEntries(
  Object.entries(fields).slice(0, Object.keys(fields).indexOf('filter')),
) as typeof fields;

const query = object({
  indexUid: required(indexUid, 'invalid_index_uid', 'missing_index_uid'),
  ...beforeFilter,
  showRankingScore,
  showRankingScoreDetails,
  showMatchesPosition,
  ...fields,
  federationOptions: optional(any, 'invalid_multi_search_federation_options', null),
});

const body = object({
  queries: required(arrayOf(query)),
  federation: optional(any, 'invalid_multi_search_federation_options', null),
});

/** A query of a plain multi-search. */
export interface MultiSearchQuery {
  indexUid: string;
  query: SearchQuery;
  /** Whether it carries options of a federated search. */
  federated: boolean;
}

/** `POST /multi-search`. Throws `miroir_not_supported` for a federated one. */
export const multiSearchBody: Parser<MultiSearchQuery[]> = (at) => {
  const { queries, federation } = body(at);
  if (federation !== null) {
    throw new ApiError('miroir_not_supported', 'Federated multi-search is not offered by Miroir yet.');
  }
  return queries.map(({ indexUid: uid, federationOptions, ...search }) => ({
    indexUid: uid,
    query: search,
    federated: federationOptions !== null,
  }));
};

/** The refusal of federation options in a plain multi-search. */
export function federationRefused(position: number): ApiError {
  return new ApiError(
    'invalid_multi_search_federation_options',
    'Using `federationOptions` is not allowed in a non-federated search.\n' +
      ` - Hint: remove \`federationOptions\` from query #${position} or add \`federation\` to the request.`,
  );
}
