/** Facet values per facet that Meilisearch returns unless the client says otherwise. */
export const defaultMaxValuesPerFacet = 100;

/** The template that Meilisearch gives to embedders and chat which name none: every searchable field, one a line. */
export const defaultDocumentTemplate =
  '{% for field in fields %}{% if field.is_searchable and field.value != nil %}{{ field.name }}: {{ field.value }}\n{% endif %}{% endfor %}';

/** The settings of an index whose client has set none, in the order in which Meilisearch answers them. */
export function defaultSettings(): Record<string, unknown> {
  return {
    displayedAttributes: ['*'],
    searchableAttributes: ['*'],
    filterableAttributes: [],
    sortableAttributes: [],
    rankingRules: ['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness'],
    stopWords: [],
    nonSeparatorTokens: [],
    separatorTokens: [],
    dictionary: [],
    synonyms: {},
    distinctAttribute: null,
    proximityPrecision: 'byWord',
    typoTolerance: {
      enabled: true,
      minWordSizeForTypos: { oneTypo: 5, twoTypos: 9 },
      disableOnWords: [],
      disableOnAttributes: [],
      disableOnNumbers: false,
    },
    faceting: { maxValuesPerFacet: defaultMaxValuesPerFacet, sortFacetValuesBy: { '*': 'alpha' } },
    pagination: { maxTotalHits: 1000 },
    embedders: {},
    searchCutoffMs: null,
    localizedAttributes: null,
    facetSearch: true,
    prefixSearch: 'indexingTime',
  };
}

/** What the routes of settings behind experimental features answer while `GET /settings` leaves them out. */
export function hiddenDefaults(): Record<string, unknown> {
  return {
    chat: {
      description: '',
      documentTemplate: defaultDocumentTemplate,
      documentTemplateMaxBytes: 400,
      searchParameters: {},
    },
    vectorStore: null,
  };
}
