import type { Parser } from '../../validation/cursor.ts';
import { kindOf } from '../../validation/kinds.ts';
import { invalidValue } from '../../validation/messages.ts';
import { mapOf, maybe, object, optional, required } from '../../validation/object.ts';
import { any, arrayOf, boolean, integer, nullable, number, oneOf, refine, string } from '../../validation/values.ts';
import { locales } from './locales.ts';
import { isObject, type Json, pick, sortedKeys, sortedSet } from './order.ts';
import { embedders, lenient } from './parse-embedder.ts';
import { rankingRule } from './ranking-rules.ts';

const strings = arrayOf(string);
const stringSet = refine(strings, sortedSet);

/** Reads an object into one with its fields in declaration order. */
function declared(fields: Parameters<typeof object>[0]): Parser<Json> {
  return refine(object(fields), (value) => pick(value as Json, Object.keys(fields)));
}

const filterFeatures = { equality: true, comparison: false };
const features = declared({
  facetSearch: optional(boolean, undefined, false),
  filter: optional(
    declared({
      equality: optional(boolean, undefined, filterFeatures.equality),
      comparison: optional(boolean, undefined, filterFeatures.comparison),
    }),
    undefined,
    filterFeatures,
  ),
});
const filterRule = declared({
  attributePatterns: required(strings),
  features: optional(features, undefined, { facetSearch: false, filter: filterFeatures }),
});
const filterableAttribute: Parser<unknown> = (at) => (kindOf(at) === 'object' ? filterRule(at) : string(at));

const minWordSize = refine(
  declared({ oneTypo: maybe(nullable(integer(255))), twoTypos: maybe(nullable(integer(255))) }),
  (value, at) => {
    const { oneTypo: one, twoTypos: two } = value;
    if (typeof one === 'number' && typeof two === 'number' && one > two) {
      throw invalidValue(
        at,
        `\`minWordSizeForTypos\` setting is invalid. \`oneTypo\` and \`twoTypos\` fields should be between \`0\` and \`255\`, and \`twoTypos\` should be greater or equals to \`oneTypo\` but found \`oneTypo: ${one}\` and twoTypos: ${two}\`.`,
      );
    }
    return value;
  },
);
const typoTolerance = declared({
  enabled: maybe(nullable(boolean)),
  minWordSizeForTypos: maybe(nullable(minWordSize)),
  disableOnWords: maybe(nullable(stringSet)),
  disableOnAttributes: maybe(nullable(stringSet)),
  disableOnNumbers: maybe(nullable(boolean)),
});

const faceting = declared({
  maxValuesPerFacet: maybe(nullable(integer())),
  sortFacetValuesBy: maybe(nullable(refine(mapOf(oneOf(['alpha', 'count'])), (map) => sortedKeys(map)))),
});

const positive = refine(integer(), (value, at) => {
  if (value > 0) return value;
  const reason = 'a non-zero integer value lower than `18446744073709551615` was expected, but found a zero';
  throw invalidValue(at, reason);
});

const localizedFields = { attributePatterns: required(strings), locales: required(arrayOf(oneOf(locales))) };
const localizedRule = lenient(Object.keys(localizedFields), declared(localizedFields));

const searchParameters = declared({
  hybrid: maybe(nullable(any)),
  limit: maybe(nullable(integer())),
  sort: maybe(nullable(strings)),
  distinct: maybe(nullable(string)),
  matchingStrategy: maybe(nullable(oneOf(['last', 'all', 'frequency']))),
  attributesToSearchOn: maybe(nullable(strings)),
  rankingScoreThreshold: maybe(nullable(number)),
});
const chat = declared({
  description: maybe(nullable(string)),
  documentTemplate: maybe(nullable(string)),
  documentTemplateMaxBytes: maybe(nullable(integer())),
  searchParameters: maybe(nullable(searchParameters)),
});

/** How each setting is read; null is everywhere a reset. The results are in the form that task details show. */
export const settingParsers: Readonly<Record<string, Parser<unknown>>> = {
  displayedAttributes: strings,
  searchableAttributes: strings,
  filterableAttributes: arrayOf(filterableAttribute),
  sortableAttributes: stringSet,
  rankingRules: arrayOf(rankingRule),
  stopWords: stringSet,
  nonSeparatorTokens: stringSet,
  separatorTokens: stringSet,
  dictionary: stringSet,
  synonyms: refine(mapOf(strings), (map) => sortedKeys(map)),
  distinctAttribute: string,
  proximityPrecision: oneOf(['byWord', 'byAttribute']),
  typoTolerance,
  faceting,
  pagination: declared({ maxTotalHits: maybe(nullable(positive)) }),
  embedders,
  searchCutoffMs: integer(),
  localizedAttributes: arrayOf(localizedRule),
  facetSearch: boolean,
  prefixSearch: oneOf(['indexingTime', 'disabled']),
  chat,
  vectorStore: oneOf(['stable', 'experimental']),
};

/** The attribute names and patterns of a rule in `filterableAttributes`. */
export function rulePatterns(rule: unknown): string[] {
  if (typeof rule === 'string') return [rule];
  return isObject(rule) ? (rule.attributePatterns as string[]) : [];
}
