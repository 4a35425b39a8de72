import { eachMember } from '../../json/scan.ts';
import { normaliseValue } from './normalise.ts';

/** A value of a facet as nodes write it. */
export interface FacetValue {
  /** What it says. */
  text: string;
  /** The form in which values are compared and sorted. */
  key: string;
  /** How answers show it. */
  json: string;
}

/** Values with the number of documents that have each. */
export interface CountedValues {
  values: FacetValue[];
  counts: number[];
}

/** Smallest and largest number of a field, as written. */
export interface Range {
  min: string;
  max: string;
}

/** One field of one node's facets; numbers stand apart from strings. */
export interface NodeField {
  numbers: CountedValues;
  strings: CountedValues;
  range: Range | null;
}

/** Values remembered at most; then all are forgotten. */
const most = 10_000;
/** Characters of a value from which on it is not remembered. */
const longest = 200;
const known = new Map<string, FacetValue>();

/** Reads a value as it is written, with its quotes. The same ones come again from every node and in every search, so they are remembered. */
export function facetValue(quoted: string): FacetValue {
  const found = known.get(quoted);
  if (found !== undefined) return found;
  const text = JSON.parse(quoted) as string;
  const value = { text, key: normaliseValue(text), json: JSON.stringify(text) };
  if (quoted.length > longest) return value;
  if (known.size >= most) known.clear();
  // a copy, as a piece would keep the whole answer alive that it was cut from
  known.set(Buffer.from(quoted).toString(), value);
  return value;
}

/** How Meilisearch prints a number; other texts that look like numbers are strings. */
const printedNumber = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/;

function isNumber(text: string, range: Range | null): boolean {
  if (range === null || !printedNumber.test(text)) return false;
  const value = Number(text);
  return value >= Number(range.min) && value <= Number(range.max);
}

function countAt(text: string, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) count = count * 10 + text.charCodeAt(i) - 0x30;
  return count;
}

/**
 * The values of the field whose distribution stands at `at` of a text; `range`: of the numbers among them. `like`: the same field of
 * another node, which mostly lists the same values, so that they need not be looked up. `end`: the offset just behind it.
 */
export function readField(
  text: string,
  at: number,
  range: Range | null,
  like?: NodeField,
): { field: NodeField; end: number } {
  const numbers: CountedValues = { values: [], counts: [] };
  const strings: CountedValues = { values: [], counts: [] };
  const end = eachMember(text, at, (keyStart, keyEnd, valueStart, valueEnd) => {
    const quoted = text.slice(keyStart, keyEnd);
    const likely = like?.strings.values[strings.values.length];
    const value = likely?.json === quoted ? likely : facetValue(quoted);
    const into = isNumber(value.text, range) ? numbers : strings;
    into.values.push(value);
    into.counts.push(countAt(text, valueStart, valueEnd));
  });
  return { field: { numbers, strings, range }, end };
}
