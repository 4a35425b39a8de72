import fc from 'fast-check';

const attribute = fc.constantFrom('a', 'b', 'c.d', 'title', 'é', 'Z', '_geo', 'x y');
const word = fc.oneof(attribute, fc.constantFrom('the', 'A', 'ß', '&', '@', '10', '2', ''));
const words = fc.array(word, { maxLength: 4 });
const attributes = fc.array(attribute, { maxLength: 4 });

const features = fc.record(
  {
    facetSearch: fc.boolean(),
    filter: fc.record({ equality: fc.boolean(), comparison: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const rule = fc.oneof(
  attribute,
  fc.record(
    { attributePatterns: fc.array(fc.constantFrom('a', '*', 'x*', '*_id', '*d*'), { maxLength: 3 }), features },
    { requiredKeys: ['attributePatterns'] },
  ),
);

const embedder = fc.oneof(
  fc.record({ source: fc.constant('userProvided'), dimensions: fc.integer({ min: 1, max: 9 }) }),
  fc.record(
    {
      source: fc.constant('userProvided'),
      dimensions: fc.constant(4),
      distribution: fc.record({ mean: fc.constantFrom(0.5, 0.25), sigma: fc.constantFrom(0.125, 0.75) }),
    },
    { requiredKeys: ['source', 'dimensions'] },
  ),
  fc.record(
    {
      source: fc.constant('openAi'),
      apiKey: fc.constantFrom(
        'short',
        'between-ten',
        'between-twenty-and-30',
        'a-key-that-is-longer-than-thirty-bytes',
      ),
      documentTemplate: fc.constantFrom('{{doc.a}}', 'plain'),
      documentTemplateMaxBytes: fc.constantFrom(50, 800),
    },
    { requiredKeys: ['source'] },
  ),
  fc.record(
    {
      source: fc.constant('rest'),
      url: fc.constant('http://127.0.0.1:9/embed'),
      request: fc.constant({ input: '{{text}}', more: [1, 'x', null] }),
      response: fc.constant({ out: '{{embedding}}' }),
      dimensions: fc.constant(3),
      headers: fc.constant({ b: 'x', a: 'y' }),
      apiKey: fc.constant('secret-of-the-rest'),
    },
    { requiredKeys: ['source', 'url', 'request', 'response', 'dimensions'] },
  ),
  fc.constant(null),
);

const reset = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 5 });

/** Values of each setting that a server accepts. */
export const settingValues: Record<string, fc.Arbitrary<unknown>> = {
  displayedAttributes: reset(fc.array(fc.oneof(attribute, fc.constant('*')), { maxLength: 4 })),
  searchableAttributes: reset(fc.oneof(attributes, fc.constant(['*']))),
  filterableAttributes: reset(fc.array(rule, { maxLength: 4 })),
  sortableAttributes: reset(attributes),
  rankingRules: reset(
    fc.shuffledSubarray(['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness', 'a:asc', 'b:desc']),
  ),
  stopWords: reset(words),
  nonSeparatorTokens: reset(words),
  separatorTokens: reset(words),
  dictionary: reset(words),
  synonyms: reset(fc.dictionary(word, words, { maxKeys: 3, noNullPrototype: true })),
  distinctAttribute: reset(attribute),
  proximityPrecision: reset(fc.constantFrom('byWord', 'byAttribute')),
  typoTolerance: reset(
    fc.record(
      {
        enabled: reset(fc.boolean()),
        minWordSizeForTypos: reset(
          fc.record(
            { oneTypo: reset(fc.integer({ min: 0, max: 5 })), twoTypos: reset(fc.integer({ min: 9, max: 255 })) },
            { requiredKeys: [] },
          ),
        ),
        disableOnWords: reset(words),
        disableOnAttributes: reset(attributes),
        disableOnNumbers: reset(fc.boolean()),
      },
      { requiredKeys: [] },
    ),
  ),
  faceting: reset(
    fc.record(
      {
        maxValuesPerFacet: reset(fc.integer({ min: 0, max: 500 })),
        sortFacetValuesBy: reset(
          fc.dictionary(fc.constantFrom('a', 'b', '*', 'é'), fc.constantFrom('alpha', 'count'), {
            noNullPrototype: true,
          }),
        ),
      },
      { requiredKeys: [] },
    ),
  ),
  pagination: reset(fc.record({ maxTotalHits: reset(fc.integer({ min: 1, max: 5000 })) }, { requiredKeys: [] })),
  embedders: reset(fc.dictionary(fc.constantFrom('e1', 'e2'), embedder, { noNullPrototype: true })),
  searchCutoffMs: reset(fc.integer({ min: 0, max: 1000 })),
  localizedAttributes: reset(
    fc.array(
      fc.record({
        attributePatterns: fc.array(fc.constantFrom('a', '*_ja'), { maxLength: 2 }),
        locales: fc.array(fc.constantFrom('ja', 'jpn', 'fr', 'cmn'), { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  ),
  facetSearch: reset(fc.boolean()),
  prefixSearch: reset(fc.constantFrom('indexingTime', 'disabled')),
};

/** Bodies of `PATCH /settings`. */
export const settingsBody = fc.record(settingValues, { requiredKeys: [] });
