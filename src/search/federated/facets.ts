import { ApiError } from '../../errors/api-error.ts';
import { members, rawFields } from '../../json/scan.ts';
import type { FacetsJson } from '../merge/facets.ts';
import { compareBytes } from '../merge/order.ts';
import type { FacetOrder } from '../settings-view.ts';

/** Facets of one index as the answer shows them. */
export interface IndexFacets extends FacetsJson {
  indexUid: string;
}

/** The order of the values of each facet, and the index that has settled it. */
export type FacetOrders = Map<string, { indexUid: string; order: FacetOrder }>;

const described: Record<FacetOrder, string> = { alpha: 'alphabetically', count: 'by count' };

/** Merged facets need one order of values; throws, with `note` at the end, when an index has another than those before. */
export function settleFacetOrders(
  orders: FacetOrders,
  index: { uid: string; facets: readonly string[]; orderOf(facet: string): FacetOrder },
  note: string,
): void {
  for (const facet of index.facets) {
    const order = index.orderOf(facet);
    const settled = orders.get(facet);
    if (settled === undefined) orders.set(facet, { indexUid: index.uid, order });
    else if (settled.order !== order) {
      throw new ApiError(
        'invalid_multi_search_facet_order',
        `Inside \`.federation.facetsByIndex.${index.uid}\`: Inconsistent order for values in facet \`${facet}\`: ` +
          `index \`${settled.indexUid}\` orders ${described[settled.order]}, ` +
          `but index \`${index.uid}\` orders ${described[order]}.\n` +
          ' - Hint: Remove `federation.mergeFacets` or change `faceting.sortFacetValuesBy` to be consistent in settings.\n' +
          ` - Note: ${note}`,
      );
    }
  }
}

type Range = { min: string; max: string };

function addCounts(into: Map<string, number>, distribution: string): void {
  for (const { key, valueStart, valueEnd } of members(distribution)) {
    into.set(key, (into.get(key) ?? 0) + Number(distribution.slice(valueStart, valueEnd)));
  }
}

function widen(known: Range | undefined, stats: string): Range {
  const fields = rawFields(stats);
  const [min, max] = [fields.get('min') ?? '0', fields.get('max') ?? '0'];
  if (known === undefined) return { min, max };
  return {
    min: Number(min) < Number(known.min) ? min : known.min,
    max: Number(max) > Number(known.max) ? max : known.max,
  };
}

const byName = <T>(entries: Iterable<[string, T]>) => [...entries].sort(([a], [b]) => compareBytes(a, b));

/** Values in the order settled for their facet; where none is (a field below the one asked for) alphabetically. */
function ordered(counts: Map<string, number>, order: FacetOrder): [string, number][] {
  return order === 'count' ? [...counts].sort(([, a], [, b]) => b - a) : byName(counts);
}

/**
 * One distribution and one set of statistics for all indexes. Unlike the facets of a search, equal texts are one value,
 * and `alpha` means their bytes, numbers included.
 */
export function joinFacets(
  indexes: readonly FacetsJson[],
  orders: FacetOrders,
  maxValuesPerFacet: number | null,
): FacetsJson {
  const counts = new Map<string, Map<string, number>>();
  const ranges = new Map<string, Range>();
  for (const { distribution, stats } of indexes) {
    for (const [facet, values] of rawFields(distribution)) {
      const known = counts.get(facet) ?? new Map<string, number>();
      counts.set(facet, known);
      addCounts(known, values);
    }
    for (const [facet, range] of rawFields(stats)) ranges.set(facet, widen(ranges.get(facet), range));
  }
  const distribution = byName(counts).map(([facet, values]) => {
    const shown = ordered(values, orders.get(facet)?.order ?? 'alpha').slice(0, maxValuesPerFacet ?? undefined);
    return `${JSON.stringify(facet)}:{${shown.map(([text, count]) => `${JSON.stringify(text)}:${count}`).join(',')}}`;
  });
  const stats = byName(ranges).map(([facet, { min, max }]) => `${JSON.stringify(facet)}:{"min":${min},"max":${max}}`);
  return { distribution: `{${distribution.join(',')}}`, stats: `{${stats.join(',')}}` };
}
