import { ApiError } from '../../errors/api-error.ts';
import { rustDebug } from '../../json/print.ts';
import type { FederatedQuery, Federation } from '../../search/federated/request.ts';
import type { SearchQuery } from '../../search/query.ts';
import type { Parser } from '../../validation/cursor.ts';
import { indexUid, isIndexUid } from '../../validation/index-uid.ts';
import { invalidValue } from '../../validation/messages.ts';
import { mapOf, object, optional, required } from '../../validation/object.ts';
import { arrayOf, integer, nullable, number, refine, string } from '../../validation/values.ts';
import { checkSearch, searchFields } from './search.ts';

const { showMatchesPosition, showRankingScore, showRankingScoreDetails, ...fields } = searchFields;

/** Messages list the fields of a query in another order than those of a search. */
const beforeFilter = Object.fromEntries(
  Object.entries(fields).slice(0, Object.keys(fields).indexOf('filter')),
) as typeof fields;

const weight: Parser<number> = refine(number, (value, at) => {
  if (value < 0) throw invalidValue(at, 'the value of `weight` is invalid, expected a positive float (>= 0.0).');
  return value;
});

const federationOptions = object({
  weight: optional(weight, 'invalid_multi_search_weight', 1),
  remote: optional(nullable(string), 'invalid_multi_search_remote', null),
  queryPosition: optional(nullable(integer()), 'invalid_multi_search_query_position', null),
});

const query = object({
  indexUid: required(indexUid, 'invalid_index_uid', 'missing_index_uid'),
  ...beforeFilter,
  offset: optional(nullable(integer()), 'invalid_search_offset', null),
  limit: optional(nullable(integer()), 'invalid_search_limit', null),
  showRankingScore,
  showRankingScoreDetails,
  showMatchesPosition,
  ...(Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'offset' && name !== 'limit')) as Omit<
    typeof fields,
    'offset' | 'limit'
  >),
  federationOptions: optional(nullable(federationOptions), undefined, null),
});

const facetsByIndex: Parser<Map<string, string[] | null>> = (at) => {
  const value = at.value;
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const bad = Object.keys(value).find((key) => !isIndexUid(key));
    if (bad !== undefined) {
      throw invalidValue(
        at,
        `the key ${rustDebug(bad)} could not be deserialized into the key type \`meilisearch_types::index_uid::IndexUid\``,
      );
    }
  }
  return mapOf(nullable(arrayOf(string)))(at);
};

const mergeFacets = object(
  { maxValuesPerFacet: optional(nullable(integer()), 'invalid_multi_search_max_values_per_facet', null) },
  { code: 'invalid_multi_search_merge_facets' },
);

const federation: Parser<Federation> = object({
  limit: optional(integer(), 'invalid_search_limit', 20),
  offset: optional(integer(), 'invalid_search_offset', 0),
  facetsByIndex: optional(facetsByIndex, 'invalid_multi_search_facets_by_index', new Map<string, string[] | null>()),
  mergeFacets: optional(nullable(mergeFacets), 'invalid_multi_search_merge_facets', null),
});

const body = object({
  queries: required(arrayOf(query)),
  federation: optional(nullable(federation), undefined, null),
});

/** A query of a multi-search. */
export interface MultiSearchQuery {
  indexUid: string;
  query: SearchQuery;
  /** The first of its parameters that cut its own hits; null when there is none. */
  pagination: string | null;
  federationOptions: ReturnType<typeof federationOptions> | null;
}

/** A multi-search; federated when `federation` is there. */
export interface MultiSearch {
  queries: MultiSearchQuery[];
  federation: Federation | null;
}

const paginationFields = ['offset', 'limit', 'page', 'hitsPerPage'] as const;

/** `POST /multi-search`. */
export const multiSearchBody: Parser<MultiSearch> = (at) => {
  const parsed = body(at);
  const queries = parsed.queries.map(({ indexUid: uid, federationOptions: options, ...search }) => ({
    indexUid: uid,
    query: { ...search, offset: search.offset ?? 0, limit: search.limit ?? 20 },
    pagination: paginationFields.find((field) => search[field] !== null) ?? null,
    federationOptions: options,
  }));
  return { queries, federation: parsed.federation };
};

/** The refusal of federation options in a plain multi-search. */
export function federationRefused(position: number): ApiError {
  return new ApiError(
    'invalid_multi_search_federation_options',
    'Using `federationOptions` is not allowed in a non-federated search.\n' +
      ` - Hint: remove \`federationOptions\` from query #${position} or add \`federation\` to the request.`,
  );
}

function paginationRefused(position: number, field: string): ApiError {
  return new ApiError(
    'invalid_multi_search_query_pagination',
    `Inside \`.queries[${position}]\`: Using pagination options is not allowed in federated queries.\n` +
      ` - Hint: remove \`${field}\` from query #${position} or remove \`federation\` from the request\n` +
      ' - Hint: pass `federation.limit` and `federation.offset` for pagination in federated search',
  );
}

function facetsRefused(position: number, uid: string, facets: readonly string[]): ApiError {
  return new ApiError(
    'invalid_multi_search_query_facets',
    `Inside \`.queries[${position}]\`: Using facet options is not allowed in federated queries.\n` +
      ` - Hint: remove \`facets\` from query #${position} or remove \`federation\` from the request\n` +
      ` - Hint: pass \`federation.facetsByIndex.${uid}: [${facets.map(rustDebug).join(', ')}]\` for facets in federated search`,
  );
}

/** What a query may not ask for in a federated search; `requireNetwork` throws while the feature is off. */
function checkFederated(
  { indexUid: uid, query: search, pagination, federationOptions: options }: MultiSearchQuery,
  position: number,
  requireNetwork: (action: string) => void,
): void {
  if (pagination !== null) throw paginationRefused(position, pagination);
  if (search.facets !== null && search.facets.length > 0) throw facetsRefused(position, uid, search.facets);
  const remote = options?.remote ?? null;
  if (remote !== null) {
    requireNetwork('Performing a remote federated search');
    throw new ApiError(
      'invalid_multi_search_remote',
      `Invalid \`queries[${position}].federation_options.remote\`: remote \`${remote}\` is not registered`,
    );
  }
  if ((options?.queryPosition ?? null) !== null) requireNetwork('Using `federationOptions.queryPosition`');
}

function refusalOf(search: SearchQuery): unknown {
  try {
    checkSearch(search);
    return null;
  } catch (refusal) {
    return refusal;
  }
}

/** The queries of a federated search; throws what one Meilisearch refuses before it looks at any index. */
export function federatedQueries(
  queries: readonly MultiSearchQuery[],
  requireNetwork: (action: string) => void,
): FederatedQuery[] {
  return queries.map((each, position) => {
    checkFederated(each, position, requireNetwork);
    const { indexUid: uid, query: search } = each;
    const facetless = { ...search, facets: null };
    return { indexUid: uid, query: facetless, weight: each.federationOptions?.weight ?? 1, refusal: refusalOf(search) };
  });
}
