import { textOf } from '../../json/byte-text.ts';
import type { Member } from '../../json/scan.ts';
import type { NodeHit } from './hit.ts';
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

function leavesAt(read: (member: Member) => string, fields: readonly Member[], path: string): (number | string)[] {
  const values: (number | string)[] = [];
  for (const member of fields) {
    const { key } = member;
    if (key !== path && !path.startsWith(`${key}.`)) continue;
    addMember(key, JSON.parse(read(member)) as Json, path, values);
  }
  return values;
}

const leavesOfHit = ({ text, fields }: NodeHit, path: string) =>
  leavesAt(({ valueStart, valueEnd }) => textOf(text.slice(valueStart, valueEnd)), fields, path);

const compared = (value: number | string) => (typeof value === 'string' ? normaliseValue(value) : value);

/** The texts that a hit has at a field path, as they are written. */
export function textsOfHit(hit: NodeHit, path: string): string[] {
  return leavesOfHit(hit, path).filter((value) => typeof value === 'string');
}

/** `valuesAt` of a hit. */
export function valuesOfHit(hit: NodeHit, path: string): (number | string)[] {
  return leavesOfHit(hit, path).map(compared);
}

/**
 * The values that a document has at a field path, through arrays and nested objects: numbers, and strings in the form in
 * which Meilisearch compares them (booleans are strings). Empty when it has none that count.
 */
export function valuesAt(text: string, fields: readonly Member[], path: string): (number | string)[] {
  return leavesAt(({ valueStart, valueEnd }) => text.slice(valueStart, valueEnd), fields, path).map(compared);
}
