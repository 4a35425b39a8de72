import type { FilterNode, FilterToken } from './ast.ts';

/**
 * Ids that a value matches by its spelling alone. Values compare without case, and as numbers when they look like one,
 * so only what has a single spelling counts: decimal integers without leading zeros or sign (below 2^53, where numbers
 * are exact), and texts without letters that are no number. Null when other ids may match as well.
 */
function idsOf(token: FilterToken): string | null {
  const { value } = token;
  if (/^(0|[1-9]\d{0,14})$/.test(value)) return value;
  if (!/^[\d_-]+$/.test(value) || !/_/.test(value)) return null;
  return value;
}

type Pins = ReadonlySet<string> | null;

function union(pins: readonly Pins[]): Pins {
  const all = new Set<string>();
  for (const ids of pins) {
    if (ids === null) return null;
    for (const id of ids) all.add(id);
  }
  return all;
}

/** Any of the parts bounds the whole; the smallest bound is taken. */
function smallest(pins: readonly Pins[]): Pins {
  return pins.reduce((best, ids) => (ids !== null && (best === null || ids.size < best.size) ? ids : best), null);
}

/** The ids outside of which no document can pass the filter, or null when it does not bound them. */
export function pinnedIds(filter: FilterNode | null, primaryKey: string): Pins {
  if (filter === null) return null;
  if (filter.kind === 'and') return smallest(filter.parts.map((part) => pinnedIds(part, primaryKey)));
  if (filter.kind === 'or') return union(filter.parts.map((part) => pinnedIds(part, primaryKey)));
  if (filter.kind !== 'condition' || filter.field.value !== primaryKey) return null;
  if (filter.operator !== '=' && filter.operator !== 'IN') return null;
  const ids = filter.values.map(idsOf);
  return ids.some((id) => id === null) ? null : new Set(ids.filter((id) => id !== null));
}
