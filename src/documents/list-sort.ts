import { members } from '../json/scan.ts';
import { compareSortValues } from '../search/merge/order.ts';
import { valuesAt } from '../search/merge/values.ts';

/** One criterion of `sort`. */
export type SortCriterion =
  | { kind: 'field'; field: string; ascending: boolean }
  | { kind: 'geo'; lat: number; lng: number; ascending: boolean };

const geoPoint = /^_geoPoint\(\s*([^,\s]+)\s*,\s*([^,\s]+)\s*\)$/;

/** Read `field:asc`, `field:desc` or `_geoPoint(lat, lng):asc`; null when it is none of these. */
export function parseSortCriterion(text: string): SortCriterion | null {
  const match = /^(.*):(asc|desc)$/s.exec(text);
  if (match === null) return null;
  const [, subject = '', direction] = match;
  const ascending = direction === 'asc';
  const point = geoPoint.exec(subject);
  if (point === null) return { kind: 'field', field: subject, ascending };
  return { kind: 'geo', lat: Number(point[1]), lng: Number(point[2]), ascending };
}

/** Field that the criterion reads. */
export function sortField(criterion: SortCriterion): string {
  return criterion.kind === 'geo' ? '_geo' : criterion.field;
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;
const earthMetres = 6_371_000;

/** Distance on the sphere (haversine), in metres. */
function distance(aLat: number, aLng: number, bLat: number, bLng: number): number {
  const lat = Math.sin(radians(bLat - aLat) / 2) ** 2;
  const lng = Math.sin(radians(bLng - aLng) / 2) ** 2;
  const h = lat + Math.cos(radians(aLat)) * Math.cos(radians(bLat)) * lng;
  return 2 * earthMetres * Math.asin(Math.min(1, Math.sqrt(h)));
}

type SortValue = number | string | null;

/** Smallest value when ascending, largest when descending, numbers before strings in both. */
function extreme(values: readonly (number | string)[], ascending: boolean): SortValue {
  const [first, ...rest] = values;
  if (first === undefined) return null;
  return rest.reduce((best, value) => (compareSortValues(value, best, ascending) < 0 ? value : best), first);
}

function sortValue(text: string, criterion: SortCriterion): SortValue {
  const fields = members(text);
  if (criterion.kind === 'field') {
    return extreme(valuesAt(text, fields, criterion.field), criterion.ascending);
  }
  const [lat] = valuesAt(text, fields, '_geo.lat');
  const [lng] = valuesAt(text, fields, '_geo.lng');
  if (lat === undefined || lng === undefined) return null;
  return distance(criterion.lat, criterion.lng, Number(lat), Number(lng));
}

/** The values by which a document's text is sorted. */
export function sortValues(text: string, criteria: readonly SortCriterion[]): SortValue[] {
  return criteria.map((criterion) => sortValue(text, criterion));
}

/** Order of two documents by their sort values. */
export function compareBySort(a: readonly SortValue[], b: readonly SortValue[], criteria: readonly SortCriterion[]) {
  for (const [i, { ascending }] of criteria.entries()) {
    const order = compareSortValues(a[i], b[i], ascending);
    if (order !== 0) return order;
  }
  return 0;
}
