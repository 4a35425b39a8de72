import type { FacetSearchQuery } from '../../search/query.ts';
import type { Cursor, Parser } from '../../validation/cursor.ts';
import { object, optional, required } from '../../validation/object.ts';
import { boolean, nullable, string } from '../../validation/values.ts';
import { searchFields } from './search.ts';

const fields = {
  facetQuery: optional(nullable(string), 'invalid_facet_search_query', null),
  facetName: required(string, 'invalid_facet_search_facet_name', 'missing_facet_search_facet_name'),
  q: searchFields.q,
  vector: searchFields.vector,
  media: searchFields.media,
  hybrid: searchFields.hybrid,
  matchingStrategy: searchFields.matchingStrategy,
  attributesToSearchOn: searchFields.attributesToSearchOn,
  filter: searchFields.filter,
  rankingScoreThreshold: searchFields.rankingScoreThreshold,
  locales: searchFields.locales,
  exhaustiveFacetCount: optional(nullable(boolean), 'invalid_facet_search_exhaustive_facet_count', null),
};

const known = object(fields);

/** Unknown fields are ignored on this route, unlike on others: clients send along whatever their search has. */
function withoutOthers(at: Cursor): Cursor {
  if (typeof at.value !== 'object' || at.value === null || Array.isArray(at.value)) return at;
  const value = Object.fromEntries(Object.entries(at.value).filter(([key]) => Object.hasOwn(fields, key)));
  return { ...at, value };
}

/** `POST /indexes/{uid}/facet-search`. */
export const facetSearchBody: Parser<FacetSearchQuery> = (at) => known(withoutOthers(at));
