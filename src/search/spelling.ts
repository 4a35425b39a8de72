/**
 * Texts that differ only in case or width are one facet value, which a server shows in the spelling of the first document
 * that has it. Nodes have different first documents; where they spell a value in different ways, the one written first of
 * all decides.
 */
import { versionField } from '../documents/markers.ts';
import { ApiError } from '../errors/api-error.ts';
import { mergedHits, type NodeSearchAnswer } from './merge/answer.ts';
import { type DisputedValue, disputedValues, type Spellings } from './merge/facets.ts';
import { normaliseValue } from './merge/normalise.ts';
import type { RankedHit } from './merge/ranked-hit.ts';
import { textsOfHit } from './merge/values.ts';
import { joinFilters, quotedText } from './node-request.ts';
import { type AskNodes, answersOf, firstRound, mergeOptions, type PlannedSearch } from './search-round.ts';
import { isThinned } from './thinned.ts';

/** Values that are looked into, at most, and documents of each that a node may have to list. */
const mostDisputed = 20;
const mostDocuments = 1_000;

/** Whether a search for nothing lists documents in the order in which they came. */
function isUnranked({ query, settings }: PlannedSearch): boolean {
  return (query.q ?? '').trim() === '' && !settings.rankingRules.some((rule) => rule.includes(':'));
}

/** The same search for the documents that have one value. */
function withValue(search: PlannedSearch, { field, text }: DisputedValue): PlannedSearch {
  const { query, attributes, filter } = search;
  return {
    ...search,
    query: {
      ...query,
      facets: null,
      sort: null,
      attributesToCrop: null,
      attributesToHighlight: null,
      showMatchesPosition: false,
    },
    filter: joinFilters(filter, `${quotedText(field)} = ${quotedText(text)}`),
    attributes: { ...attributes, retrieve: [], highlight: null, crop: null },
    extras: [versionField, field],
  };
}

function first(hits: readonly RankedHit[]): RankedHit | undefined {
  return hits.reduce<RankedHit | undefined>(
    (best, hit) => (best === undefined || hit.version < best.version ? hit : best),
    undefined,
  );
}

/** Finds the spellings of values that the nodes of a search spell differently; those that are too many stay as they are. */
export async function findSpellings(
  ask: AskNodes,
  search: PlannedSearch,
  answers: readonly NodeSearchAnswer[],
): Promise<Spellings> {
  const spellings = new Map<string, Map<string, string>>();
  if (search.query.facets === null || isThinned(search)) return spellings;
  const disputed = disputedValues(answers.flatMap((answer) => answer.facets ?? []));
  if (disputed.length > mostDisputed) return spellings;

  async function settle(value: DisputedValue): Promise<void> {
    const reach = isUnranked(search) ? 1 : value.count;
    if (reach > mostDocuments) return;
    const narrowed = withValue(search, value);
    const found = answersOf(await ask(narrowed, { ...firstRound(narrowed), reach }));
    const window = { ...search.window, offset: 0, limit: reach, reach };
    const hits = found.flatMap((answer) => mergedHits([answer], { ...mergeOptions(narrowed), window }));
    const hit = first(hits)?.hit;
    if (hit === undefined) return;
    const text = textsOfHit(hit, value.field).find((spelt) => normaliseValue(spelt) === value.key);
    const field = spellings.get(value.field) ?? new Map<string, string>();
    spellings.set(value.field, field);
    if (text !== undefined) field.set(value.key, text);
  }

  await Promise.all(
    disputed.map((value) =>
      settle(value).catch((error) => {
        // A field may have facets and yet refuse the filter: then the spelling of one node has to do.
        if (!(error instanceof ApiError)) throw error;
      }),
    ),
  );
  return spellings;
}
