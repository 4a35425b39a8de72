import type { ReadAnswer } from '../http/services.ts';
import type { Caller } from '../keys/caller.ts';
import type { IndexRecord } from '../store/records.ts';
import { disguise, disguiseFilter } from './disguise.ts';
import { normaliseValue } from './merge/normalise.ts';
import { compareBytes } from './merge/order.ts';
import { joinFilters, withShards } from './node-request.ts';
import { allShards } from './plan.ts';
import type { FacetSearchQuery } from './query.ts';
import type { Scatter } from './scatter.ts';
import { readSeed } from './seed.ts';
import { createSettingsReader, type FacetOrder } from './settings-view.ts';
import { visibleIndex } from './visible-index.ts';

/** A value of a facet and the number of documents that have it. */
export interface FacetHit {
  value: string;
  count: number;
}

/**
 * The facet hits of all nodes as one list: values that differ only in case or width are one, counts are added. By count,
 * ties go by the shown text, last first, as one Meilisearch lists them.
 */
export function mergeFacetHits(lists: readonly (readonly FacetHit[])[], order: FacetOrder, limit: number): FacetHit[] {
  const merged = new Map<string, FacetHit>();
  for (const { value, count } of lists.flat()) {
    const key = normaliseValue(value);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { value, count });
    else known.count += count;
  }
  const byText = (a: [string, FacetHit], b: [string, FacetHit]) => compareBytes(a[0], b[0]);
  const byCount = ([, a]: [string, FacetHit], [, b]: [string, FacetHit]) =>
    b.count - a.count || compareBytes(b.value, a.value);
  return [...merged]
    .sort(order === 'alpha' ? byText : byCount)
    .slice(0, limit)
    .map(([, hit]) => hit);
}

function nodeBody(query: FacetSearchQuery, filter: unknown): Record<string, unknown> {
  const { facetName, attributesToSearchOn, ...rest } = query;
  const body = {
    ...rest,
    facetName: disguise(facetName),
    attributesToSearchOn: attributesToSearchOn?.map(disguise) ?? null,
    filter,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined));
}

/** Builds facet search: the nodes return every value (their limit is high), so that counts and the cut are exact. */
export function createFacetSearch(options: {
  catalog: { visible(uid: string): IndexRecord | null };
  scatter: Scatter;
}): (indexUid: string, query: FacetSearchQuery, caller: Caller) => Promise<ReadAnswer> {
  const readSettings = createSettingsReader();
  return async (indexUid, query, caller) => {
    const started = performance.now();
    const index = visibleIndex(options.catalog, indexUid);
    const settings = readSettings(index);
    const filter = disguiseFilter(joinFilters(query.filter, caller.tenantFilter(indexUid)));
    const { answers, missing } = await options.scatter({
      index,
      shards: allShards(index),
      startGroup: readSeed(index.id, query, filter),
      build: (shards, whole) => ({
        method: 'POST',
        path: `/indexes/${index.physicalUid}/facet-search`,
        body: JSON.stringify(nodeBody(query, whole ? filter : withShards(filter, shards))),
      }),
      read: ({ text }) => (JSON.parse(text) as { facetHits: FacetHit[] }).facetHits,
    });
    const facetHits = mergeFacetHits(
      answers.map((answer) => answer.value),
      settings.facetOrder(query.facetName),
      settings.maxValuesPerFacet,
    );
    const processingTimeMs = Math.round(performance.now() - started);
    const json = JSON.stringify({ facetHits, facetQuery: query.facetQuery, processingTimeMs });
    return { json, missingShards: missing, settingsVersion: index.settingsVersion };
  };
}
