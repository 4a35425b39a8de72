import type { ErrorCode } from '../../errors/codes.ts';

/** One index setting: how it is named, reached and refused. */
export interface SettingInfo {
  /** Name in JSON. */
  readonly name: string;
  /** Last segment of its own route, `/indexes/{uid}/settings/{segment}`. */
  readonly segment: string;
  /** Method that changes it on its own route; GET and DELETE exist for all. */
  readonly method: 'PUT' | 'PATCH';
  /** Code of errors in its value. */
  readonly code: ErrorCode;
  /** First Meilisearch version that has it. */
  readonly since: string;
  /** Key of `GET /experimental-features` that must be on before it can be set; resetting it is always allowed. */
  readonly feature: 'chatCompletions' | 'vectorStoreSetting' | null;
}

function setting(
  name: string,
  segment: string,
  method: 'PUT' | 'PATCH',
  code: ErrorCode,
  since: string,
  feature: SettingInfo['feature'] = null,
): SettingInfo {
  return { name, segment, method, code, since, feature };
}

/** Every setting, in the order in which answers, task details and messages list them. */
export const settingTable: readonly SettingInfo[] = [
  setting('displayedAttributes', 'displayed-attributes', 'PUT', 'invalid_settings_displayed_attributes', '0.20'),
  setting('searchableAttributes', 'searchable-attributes', 'PUT', 'invalid_settings_searchable_attributes', '0.20'),
  setting('filterableAttributes', 'filterable-attributes', 'PUT', 'invalid_settings_filterable_attributes', '0.21'),
  setting('sortableAttributes', 'sortable-attributes', 'PUT', 'invalid_settings_sortable_attributes', '0.22'),
  setting('rankingRules', 'ranking-rules', 'PUT', 'invalid_settings_ranking_rules', '0.20'),
  setting('stopWords', 'stop-words', 'PUT', 'invalid_settings_stop_words', '0.20'),
  setting('nonSeparatorTokens', 'non-separator-tokens', 'PUT', 'invalid_settings_non_separator_tokens', '1.4'),
  setting('separatorTokens', 'separator-tokens', 'PUT', 'invalid_settings_separator_tokens', '1.4'),
  setting('dictionary', 'dictionary', 'PUT', 'invalid_settings_dictionary', '1.4'),
  setting('synonyms', 'synonyms', 'PUT', 'invalid_settings_synonyms', '0.20'),
  setting('distinctAttribute', 'distinct-attribute', 'PUT', 'invalid_settings_distinct_attribute', '0.20'),
  setting('proximityPrecision', 'proximity-precision', 'PUT', 'invalid_settings_proximity_precision', '1.6'),
  setting('typoTolerance', 'typo-tolerance', 'PATCH', 'invalid_settings_typo_tolerance', '0.27'),
  setting('faceting', 'faceting', 'PATCH', 'invalid_settings_faceting', '0.28'),
  setting('pagination', 'pagination', 'PATCH', 'invalid_settings_pagination', '0.28'),
  setting('embedders', 'embedders', 'PATCH', 'invalid_settings_embedders', '1.3'),
  setting('searchCutoffMs', 'search-cutoff-ms', 'PUT', 'invalid_settings_search_cutoff_ms', '1.8'),
  setting('localizedAttributes', 'localized-attributes', 'PUT', 'invalid_settings_localized_attributes', '1.10'),
  setting('facetSearch', 'facet-search', 'PUT', 'invalid_settings_facet_search', '1.12'),
  setting('prefixSearch', 'prefix-search', 'PUT', 'invalid_settings_prefix_search', '1.12'),
  setting('chat', 'chat', 'PATCH', 'invalid_settings_index_chat', '1.15', 'chatCompletions'),
  setting('vectorStore', 'vector-store', 'PATCH', 'invalid_settings_vector_store', '1.21', 'vectorStoreSetting'),
];

/** JSON names of all settings, in declaration order. */
export const settingNames: readonly string[] = settingTable.map(({ name }) => name);

const byName = new Map(settingTable.map((info) => [info.name, info]));

/** The setting of that JSON name; throws for a name that is none. */
export function settingInfo(name: string): SettingInfo {
  const info = byName.get(name);
  if (info === undefined) throw new RangeError(`no setting is named ${name}`);
  return info;
}
