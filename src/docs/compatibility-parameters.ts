import type { RouteRow, Row } from './compatibility-routes.ts';

/** A parameter with a value that it takes. */
export interface ParameterRow extends Row {
  name: string;
  example: unknown;
}

/** The parameters of one route, or of one object inside its body. */
export interface ParameterArea {
  title: string;
  method: RouteRow['method'];
  path: string;
  /** Where in the request they stand. */
  where: 'body' | 'query';
  /** Keys from the body to the object that they belong to. */
  inside: readonly (string | number)[];
  /** Meilisearch takes no notice of names that it does not know here. */
  open?: boolean;
  parameters: readonly ParameterRow[];
}

/** A parameter that does what it does on one Meilisearch. */
export const same = (name: string, example: unknown): ParameterRow => ({ name, example, state: 'same' });
const newer = (name: string, since: string, example: unknown): ParameterRow => ({
  name,
  example,
  state: 'newer',
  since,
});

const needsNetwork = (name: string, example: unknown): ParameterRow => ({
  name,
  example,
  state: 'refused',
  code: 'feature_not_enabled',
  note: 'Needs the feature `network`, which Miroir refuses.',
});

/** The parameters of a route, or of an object in its body. */
export function area(
  title: string,
  method: ParameterArea['method'],
  path: string,
  where: ParameterArea['where'],
  parameters: readonly ParameterRow[],
  inside: ParameterArea['inside'] = [],
): ParameterArea {
  return { title, method, path, where, parameters, inside };
}

const searchParameters: readonly ParameterRow[] = [
  same('q', 'night'),
  same('vector', [0.5, 0.5]),
  same('media', { poster: 'sea' }),
  same('hybrid', { embedder: 'manual', semanticRatio: 0.5 }),
  same('offset', 0),
  same('limit', 20),
  same('page', 1),
  same('hitsPerPage', 10),
  same('attributesToRetrieve', ['title']),
  same('retrieveVectors', true),
  same('attributesToCrop', ['title']),
  same('cropLength', 5),
  same('attributesToHighlight', ['title']),
  same('showMatchesPosition', true),
  same('showRankingScore', true),
  same('showRankingScoreDetails', true),
  same('filter', 'year > 2000'),
  same('sort', ['year:asc']),
  same('distinct', 'genre'),
  same('facets', ['genre']),
  same('highlightPreTag', '<b>'),
  same('highlightPostTag', '</b>'),
  same('cropMarker', '...'),
  {
    ...same('matchingStrategy', 'all'),
    note: 'With `frequency` the order depends on how often words occur in the documents of each node.',
  },
  same('attributesToSearchOn', ['title']),
  same('rankingScoreThreshold', 0.2),
  same('locales', ['eng']),
];

const laterSearchParameters: readonly ParameterRow[] = [
  newer('personalize', '1.25', { userContext: 'likes the sea' }),
  newer('useNetwork', '1.34', true),
  newer('showPerformanceDetails', '1.35', true),
];

/** The values of a query string, written as there. */
function inQuery(parameters: readonly ParameterRow[]): ParameterRow[] {
  return parameters.map((row) => ({
    ...row,
    example: Array.isArray(row.example) ? row.example.join(',') : String(row.example),
  }));
}

const listing: readonly ParameterRow[] = [
  same('offset', 0),
  same('limit', 20),
  same('fields', ['title']),
  same('retrieveVectors', true),
  same('ids', ['1', '2']),
  same('filter', 'year > 2000'),
  same('sort', ['year:asc']),
  newer('useNetwork', '1.34', true),
];

const similar: readonly ParameterRow[] = [
  same('id', '1'),
  same('offset', 0),
  same('limit', 20),
  same('filter', 'year > 2000'),
  same('embedder', 'manual'),
  same('attributesToRetrieve', ['title']),
  same('retrieveVectors', true),
  same('showRankingScore', true),
  same('showRankingScoreDetails', true),
  same('rankingScoreThreshold', 0.2),
  newer('showPerformanceDetails', '1.35', true),
];

const writing: readonly ParameterRow[] = [
  same('primaryKey', 'id'),
  { ...same('csvDelimiter', ';'), note: 'Only with `text/csv`, else `invalid_content_type`, as on one server.' },
  newer('customMetadata', '1.26', 'import-7'),
  newer('skipCreation', '1.31', 'true'),
];

const features: readonly ParameterRow[] = [
  same('metrics', true),
  same('logsRoute', true),
  same('editDocumentsByFunction', true),
  same('containsFilter', true),
  { name: 'network', example: true, state: 'refused', note: 'Miroir spreads every index over its nodes itself.' },
  { name: 'getTaskDocumentsRoute', example: true, state: 'refused', note: 'Miroir keeps no documents for its tasks.' },
  same('compositeEmbedders', true),
  { name: 'chatCompletions', example: true, state: 'refused', note: 'Miroir only searches.' },
  same('multimodal', true),
  same('vectorStoreSetting', true),
  newer('foreignKeys', '1.39', true),
  newer('dynamicSearchRules', '1.41', true),
  newer('legacySearch', '1.47', true),
  newer('disableDocumentsFetchQueue', '1.48', true),
];

const documents = '/indexes/{uid}/documents';

/** The parameters of searching and of documents, route by route. */
export const parameterAreas: readonly ParameterArea[] = [
  area('`POST /indexes/{uid}/search`', 'POST', '/indexes/{uid}/search', 'body', [
    ...searchParameters,
    ...laterSearchParameters,
  ]),
  area('`GET /indexes/{uid}/search`', 'GET', '/indexes/{uid}/search', 'query', [
    ...inQuery(searchParameters.filter(({ name }) => name !== 'hybrid' && name !== 'media')),
    same('hybridEmbedder', 'manual'),
    same('hybridSemanticRatio', '0.5'),
    ...inQuery(laterSearchParameters.filter(({ name }) => name !== 'personalize')),
  ]),
  {
    ...area('`POST /indexes/{uid}/facet-search`', 'POST', '/indexes/{uid}/facet-search', 'body', [
      same('facetQuery', 's'),
      same('facetName', 'genre'),
      same('q', 'night'),
      same('vector', [0.5, 0.5]),
      same('hybrid', { embedder: 'manual', semanticRatio: 0.5 }),
      same('filter', 'year > 2000'),
      same('matchingStrategy', 'all'),
      same('attributesToSearchOn', ['title']),
      same('rankingScoreThreshold', 0.2),
      same('locales', ['eng']),
      same('exhaustiveFacetCount', true),
    ]),
    open: true,
  },
  area('`POST /indexes/{uid}/similar`', 'POST', '/indexes/{uid}/similar', 'body', similar),
  area('`GET /indexes/{uid}/similar`', 'GET', '/indexes/{uid}/similar', 'query', inQuery(similar)),
  area('`POST /multi-search`', 'POST', '/multi-search', 'body', [
    same('federation', { limit: 5 }),
    same('queries', [{ indexUid: 'films', q: 'night' }]),
  ]),
  area(
    '`POST /multi-search`, inside each query',
    'POST',
    '/multi-search',
    'body',
    [
      same('indexUid', 'films'),
      ...searchParameters,
      same('federationOptions', { weight: 0.8 }),
      ...laterSearchParameters,
    ],
    ['queries', 0],
  ),
  area(
    '`POST /multi-search`, inside `federation`',
    'POST',
    '/multi-search',
    'body',
    [
      same('limit', 20),
      same('offset', 0),
      same('facetsByIndex', { films: ['genre'] }),
      same('mergeFacets', { maxValuesPerFacet: 5 }),
      newer('page', '1.34', 1),
      newer('hitsPerPage', '1.34', 10),
      newer('distinct', '1.40', 'genre'),
    ],
    ['federation'],
  ),
  area(
    '`POST /multi-search`, inside `federationOptions` of a query',
    'POST',
    '/multi-search',
    'body',
    [same('weight', 0.8), needsNetwork('remote', 'elsewhere'), needsNetwork('queryPosition', 3)],
    ['queries', 0, 'federationOptions'],
  ),
  area(`\`GET ${documents}\``, 'GET', documents, 'query', inQuery(listing)),
  area(`\`POST ${documents}/fetch\``, 'POST', `${documents}/fetch`, 'body', listing),
  area(`\`GET ${documents}/{id}\``, 'GET', `${documents}/{id}`, 'query', [
    same('fields', 'title'),
    same('retrieveVectors', 'true'),
    newer('useNetwork', '1.34', 'true'),
  ]),
  area(`\`POST ${documents}\``, 'POST', documents, 'query', writing),
  area(`\`PUT ${documents}\``, 'PUT', documents, 'query', writing),
  area(`\`POST ${documents}/delete\``, 'POST', `${documents}/delete`, 'body', [same('filter', 'year > 3000')]),
  area(`\`POST ${documents}/edit\``, 'POST', `${documents}/edit`, 'body', [
    same('filter', 'year > 3000'),
    same('context', { by: 1 }),
    same('function', 'doc.year += context.by'),
  ]),
  area('`POST /export`', 'POST', '/export', 'body', [
    same('url', 'http://127.0.0.1:9'),
    same('apiKey', 'the-key-of-the-other'),
    same('payloadSize', '1 MiB'),
    same('indexes', {}),
  ]),
  area(
    '`indexes` in `POST /export`',
    'POST',
    '/export',
    'body',
    [same('filter', 'year > 3000'), same('overrideSettings', true)],
    ['indexes', 'none*'],
  ),
  area('`PATCH /experimental-features`', 'PATCH', '/experimental-features', 'body', features),
];
