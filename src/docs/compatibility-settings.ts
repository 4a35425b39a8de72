import { settingTable } from '../indexes/settings/names.ts';
import type { Row } from './compatibility-routes.ts';

/** A setting of an index with a value that it takes. */
export interface SettingRow extends Row {
  name: string;
  segment: string;
  method: 'PUT' | 'PATCH';
  example: unknown;
}

const examples: Record<string, unknown> = {
  displayedAttributes: ['*'],
  searchableAttributes: ['title'],
  filterableAttributes: ['year', 'genre'],
  sortableAttributes: ['year'],
  rankingRules: ['words', 'typo', 'year:desc'],
  stopWords: ['the'],
  nonSeparatorTokens: ['#'],
  separatorTokens: ['|'],
  dictionary: ['J. R. R.'],
  synonyms: { sea: ['ocean'] },
  distinctAttribute: 'genre',
  proximityPrecision: 'byAttribute',
  typoTolerance: { enabled: false },
  faceting: { maxValuesPerFacet: 50 },
  pagination: { maxTotalHits: 500 },
  embedders: { manual: { source: 'userProvided', dimensions: 2 } },
  searchCutoffMs: 900,
  localizedAttributes: [{ attributePatterns: ['title'], locales: ['eng'] }],
  facetSearch: false,
  prefixSearch: 'disabled',
  chat: { description: 'Films' },
  vectorStore: 'experimental',
};

const particular: Record<string, Partial<Row>> = {
  nonSeparatorTokens: {
    state: 'differs',
    note: 'The few characters in which Miroir writes its own fields are refused.',
  },
  filterableAttributes: { state: 'differs', note: 'Names that begin with `_miroir_` are refused.' },
  faceting: { state: 'differs', note: 'Counts are exact over all nodes, also when only the most frequent are listed.' },
  distinctAttribute: {
    state: 'differs',
    note: 'With a field that holds lists, hits and totals can differ from those of one server.',
  },
  searchCutoffMs: { state: 'differs', note: 'The time that each node may take.' },
  chat: { state: 'refused', code: 'feature_not_enabled', note: 'Needs the feature `chatCompletions`.' },
};

/** Every setting of Meilisearch 1.21, then those that came later. */
export const settingRows: readonly SettingRow[] = [
  ...settingTable.map(
    ({ name, segment, method, since }): SettingRow => ({
      name,
      segment,
      method,
      since,
      state: 'same',
      example: examples[name],
      ...particular[name],
    }),
  ),
  {
    name: 'foreignKeys',
    segment: 'foreign-keys',
    method: 'PUT',
    since: '1.39',
    state: 'newer',
    example: [{ foreignIndexUid: 'authors', fieldName: 'author' }],
  },
];
