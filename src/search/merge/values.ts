import type { Member } from '../../json/scan.ts';
import { normaliseValue } from './normalise.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

function addLeaves(value: Json, into: (number | string)[]): void {
  if (Array.isArray(value)) for (const element of value) addLeaves(element, into);
  else if (typeof value === 'number') into.push(value);
  else if (typeof value === 'boolean') into.push(String(value));
  else if (typeof value === 'string' && value !== '') into.push(value);
}

function addAt(value: Json, path: string, into: (number | string)[]): void {
  if (Array.isArray(value)) for (const element of value) addAt(element, path, into);
  else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) addMember(key, inner, path, into);
  }
}

function addMember(key: string, value: Json, path: string, into: (number | string)[]): void {
  if (key === path) addLeaves(value, into);
  else if (path.startsWith(`${key}.`)) addAt(value, path.slice(key.length + 1), into);
}

function leavesAt(text: string, fields: readonly Member[], path: string): (number | string)[] {
  const values: (number | string)[] = [];
  for (const { key, valueStart, valueEnd } of fields) {
    if (key !== path && !path.startsWith(`${key}.`)) continue;
    addMember(key, JSON.parse(text.slice(valueStart, valueEnd)) as Json, path, values);
  }
  return values;
}

/** The texts that a document has at a field path, as they are written. */
export function textsAt(text: string, fields: readonly Member[], path: string): string[] {
  return leavesAt(text, fields, path).filter((value) => typeof value === 'string');
}

/**
 * The values that a document has at a field path, through arrays and nested objects: numbers, and strings in the form in
 * which Meilisearch compares them (booleans are strings). Empty when it has none that count.
 */
export function valuesAt(text: string, fields: readonly Member[], path: string): (number | string)[] {
  return leavesAt(text, fields, path).map((value) => (typeof value === 'string' ? normaliseValue(value) : value));
}
