import { LRUCache } from 'lru-cache';
import type { IndexRecord } from '../store/records.ts';

/** Order of the values of a facet. */
export type FacetOrder = 'alpha' | 'count';

/** What reading needs of an embedder. */
export interface ReadEmbedder {
  /** Vectors come with documents and searches; it cannot make one of a text. */
  userProvided: boolean;
  /** null: only the nodes know. */
  dimensions: number | null;
  /** Whether similarities are what the vectors themselves give, neither shifted nor rounded. */
  plain: boolean;
}

/** What reading needs of an index's logical settings, defaults filled in. */
export interface ReadSettings {
  /** Fields that clients may see; null when all (`["*"]`). */
  displayed: readonly string[] | null;
  distinct: string | null;
  /** Whether facets of a field may be asked for. */
  isFilterable(field: string): boolean;
  /** null: there is none of that name. */
  embedder(name: string): ReadEmbedder | null;
  /** Whether a field is sorted by before the words of a query count. */
  sortsFirst: boolean;
  /** In their order, defaults filled in. */
  rankingRules: readonly string[];
  maxValuesPerFacet: number;
  facetOrder(field: string): FacetOrder;
  maxTotalHits: number;
}

interface LogicalSettings {
  displayedAttributes?: string[] | null;
  distinctAttribute?: string | null;
  filterableAttributes?: (string | { attributePatterns: string[] })[] | null;
  embedders?: Record<
    string,
    { source?: string; dimensions?: number | null; distribution?: unknown; binaryQuantized?: boolean | null }
  > | null;
  rankingRules?: string[] | null;
  faceting?: { maxValuesPerFacet?: number | null; sortFacetValuesBy?: Record<string, FacetOrder> | null } | null;
  pagination?: { maxTotalHits?: number | null } | null;
}

const isBelow = (field: string, parent: string) => field === parent || field.startsWith(`${parent}.`);

/** A pattern may begin or end with `*`, or both. */
function matchesPattern(field: string, pattern: string): boolean {
  const open = pattern.startsWith('*');
  const rest = pattern.endsWith('*');
  const core = pattern.slice(open ? 1 : 0, rest && pattern.length > 1 ? -1 : undefined);
  if (open && rest) return field.includes(core);
  if (open) return field.endsWith(core);
  return rest ? field.startsWith(core) : isBelow(field, pattern);
}

const defaultRankingRules = ['words', 'typo', 'proximity', 'attribute', 'sort', 'exactness'];

const isCustomRule = (rule: string) => /:(asc|desc)$/.test(rule);

function sortsFirst(rules: readonly string[]): boolean {
  const first = rules.find((rule) => rule !== 'sort');
  return first !== undefined && isCustomRule(first);
}

/** The settings that reading needs, out of the committed JSON text (null: Meilisearch's defaults). */
export function parseReadSettings(json: string | null): ReadSettings {
  const settings = (json === null ? {} : JSON.parse(json)) as LogicalSettings;
  const displayed = settings.displayedAttributes ?? ['*'];
  const orders = new Map(Object.entries(settings.faceting?.sortFacetValuesBy ?? {}));
  const fallback = orders.get('*') ?? 'alpha';
  const filterable = settings.filterableAttributes ?? [];
  const embedders = new Map(Object.entries(settings.embedders ?? {}));
  const rankingRules = settings.rankingRules ?? defaultRankingRules;
  return {
    displayed: displayed.includes('*') ? null : displayed,
    distinct: settings.distinctAttribute ?? null,
    isFilterable: (field) =>
      filterable.some((rule) =>
        typeof rule === 'string'
          ? isBelow(field, rule)
          : rule.attributePatterns.some((pattern) => matchesPattern(field, pattern)),
      ),
    embedder(name) {
      const embedder = embedders.get(name);
      if (embedder === undefined) return null;
      return {
        userProvided: embedder.source === 'userProvided',
        dimensions: embedder.dimensions ?? null,
        plain: (embedder.distribution ?? null) === null && embedder.binaryQuantized !== true,
      };
    },
    sortsFirst: sortsFirst(rankingRules),
    rankingRules,
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
