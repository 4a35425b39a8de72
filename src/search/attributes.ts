import { reservedPrefix } from '../documents/markers.ts';
import type { SearchQuery } from './query.ts';

/** Which fields an answer shows. In every list, null stands for all fields but Miroir's own. */
export interface Visibility {
  /** Fields of a hit. */
  retrieve: readonly string[] | null;
  /** Fields of `_formatted`. */
  formatted: readonly string[] | null;
  /** Fields whose matches `_matchesPosition` may name. */
  displayed: readonly string[] | null;
}

/** The attribute lists of one search, with `*` and `displayedAttributes` applied as Meilisearch does. */
export interface SearchAttributes {
  /** null: all. */
  retrieve: readonly string[] | null;
  /** null: not asked for. */
  highlight: readonly string[] | null;
  crop: readonly string[] | null;
  visible: Visibility;
}

const own = (name: string) => name.startsWith(reservedPrefix);

/** What is chosen out of the displayed fields: names count only when they are displayed under exactly that name. */
function choose(asked: readonly string[] | null, displayed: readonly string[] | null): readonly string[] | null {
  if (asked === null || asked.includes('*')) return displayed;
  return asked.filter((name) => !own(name) && (displayed === null || displayed.includes(name)));
}

/** Highlighting reads its list up to the first `*`, which adds everything. */
function chooseHighlight(asked: readonly string[], displayed: readonly string[] | null): readonly string[] {
  if (asked.includes('*')) return displayed ?? ['*'];
  return choose(asked, displayed) ?? [];
}

/** `name:length` as Meilisearch splits it, at the last colon. */
function cropName(entry: string): { name: string; length: string } {
  const colon = entry.lastIndexOf(':');
  return colon === -1 ? { name: entry, length: '' } : { name: entry.slice(0, colon), length: entry.slice(colon) };
}

function chooseCrop(asked: readonly string[], displayed: readonly string[] | null): readonly string[] {
  return asked.flatMap((entry) => {
    const { name, length } = cropName(entry);
    if (name === '*') return displayed === null ? [entry] : displayed.map((field) => `${field}${length}`);
    return own(name) || (displayed !== null && !displayed.includes(name)) ? [] : [entry];
  });
}

/** `_formatted` shows what is retrieved, highlighted or cropped. */
function formattedFields(attributes: Omit<SearchAttributes, 'visible'>): readonly string[] | null {
  const crop = (attributes.crop ?? []).map((entry) => cropName(entry).name);
  const highlight = attributes.highlight ?? [];
  if (attributes.retrieve === null || highlight.includes('*') || crop.includes('*')) return null;
  return [...new Set([...attributes.retrieve, ...highlight, ...crop])];
}

/**
 * Nodes show every field, so what `displayedAttributes` (null: all) does to a search on one Meilisearch is applied to
 * its attribute lists beforehand. Measured on 1.21: a field counts as displayed only under exactly the name listed, so
 * with `nest.a` displayed, retrieving `nest` gives nothing.
 */
export function searchAttributes(
  query: Pick<SearchQuery, 'attributesToRetrieve' | 'attributesToHighlight' | 'attributesToCrop'>,
  displayedSetting: readonly string[] | null,
): SearchAttributes {
  const displayed = displayedSetting?.filter((name) => !own(name)) ?? null;
  const retrieve = choose(query.attributesToRetrieve, displayed);
  const highlight =
    query.attributesToHighlight === null ? null : chooseHighlight(query.attributesToHighlight, displayed);
  const crop = query.attributesToCrop === null ? null : chooseCrop(query.attributesToCrop, displayed);
  const formatted = formattedFields({ retrieve, highlight, crop });
  return { retrieve, highlight, crop, visible: { retrieve, formatted, displayed } };
}
