import { LRUCache } from 'lru-cache';
import type { IndexRecord } from '../store/records.ts';

/** Order of the values of a facet. */
export type FacetOrder = 'alpha' | 'count';

/** What reading needs of an index's logical settings, defaults filled in. */
export interface ReadSettings {
  /** Fields that clients may see; null when all (`["*"]`). */
  displayed: readonly string[] | null;
  distinct: string | null;
  maxValuesPerFacet: number;
  facetOrder(field: string): FacetOrder;
  maxTotalHits: number;
}

interface LogicalSettings {
  displayedAttributes?: string[] | null;
  distinctAttribute?: string | null;
  faceting?: { maxValuesPerFacet?: number | null; sortFacetValuesBy?: Record<string, FacetOrder> | null } | null;
  pagination?: { maxTotalHits?: number | null } | null;
}

/** The settings that reading needs, out of the committed JSON text (null: Meilisearch's defaults). */
export function parseReadSettings(json: string | null): ReadSettings {
  const settings = (json === null ? {} : JSON.parse(json)) as LogicalSettings;
  const displayed = settings.displayedAttributes ?? ['*'];
  const orders = new Map(Object.entries(settings.faceting?.sortFacetValuesBy ?? {}));
  const fallback = orders.get('*') ?? 'alpha';
  return {
    displayed: displayed.includes('*') ? null : displayed,
    distinct: settings.distinctAttribute ?? null,
    maxValuesPerFacet: settings.faceting?.maxValuesPerFacet ?? 100,
    facetOrder: (field) => orders.get(field) ?? fallback,
    maxTotalHits: settings.pagination?.maxTotalHits ?? 1000,
  };
}

/** `parseReadSettings` for catalog records, remembered per generation and settings version. */
export function createSettingsReader(): (index: IndexRecord) => ReadSettings {
  const known = new LRUCache<string, ReadSettings>({ max: 1_000 });
  return (index) => {
    const key = `${index.id}:${index.settingsVersion}`;
    let settings = known.get(key);
    if (settings === undefined) {
      settings = parseReadSettings(index.settings);
      known.set(key, settings);
    }
    return settings;
  };
}
