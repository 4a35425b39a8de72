import { normaliseValue } from './normalise.ts';

/** A value of a facet. */
export interface FacetValue {
  /** What it says. */
  text: string;
  /** The form in which values are compared and sorted. */
  key: string;
  /** How answers show it. */
  json: string;
}

/** Smallest and largest number of a field. */
export interface Range {
  min: number;
  max: number;
}

/** Values remembered at most; then all are forgotten. */
const most = 10_000;
/** Characters of a value from which on it is not remembered. */
const longest = 200;
const known = new Map<string, FacetValue>();

/** A value of a facet by its text. The same ones come again from every node and in every search, so they are remembered. */
export function facetValue(text: string): FacetValue {
  const found = known.get(text);
  if (found !== undefined) return found;
  const value = { text, key: normaliseValue(text), json: JSON.stringify(text) };
  if (text.length > longest) return value;
  if (known.size >= most) known.clear();
  known.set(text, value);
  return value;
}

/** How Meilisearch prints a number; other texts that look like numbers are strings. */
const printedNumber = /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/;

/** Whether a value of a field is a number; `range`: of the field's numbers at the node that tells the value. */
export function isNumber(text: string, range: Range | null): boolean {
  if (range === null || !printedNumber.test(text)) return false;
  const value = Number(text);
  return value >= range.min && value <= range.max;
}

/** A value in the answers of several nodes. */
export interface CountedValue {
  /** As the first of them spells it. */
  value: FacetValue;
  count: number;
  /** Whether it came in several spellings. */
  disputed: boolean;
}

/** Values with the number of documents that have each; texts that differ only in case or width are one value. */
export class CountedValues {
  readonly #byKey = new Map<string, CountedValue>();
  /** The same by each spelling: a value is normalised once, and found by its text from then on. */
  readonly #byText = new Map<string, CountedValue>();

  get size(): number {
    return this.#byKey.size;
  }

  list(): CountedValue[] {
    return [...this.#byKey.values()];
  }

  add(text: string, count: number): void {
    const before = this.#byText.get(text);
    if (before === undefined) this.#addSpelling(text, count);
    else before.count += count;
  }

  #addSpelling(text: string, count: number): void {
    const value = facetValue(text);
    let counted = this.#byKey.get(value.key);
    if (counted === undefined) {
      counted = { value, count, disputed: false };
      this.#byKey.set(value.key, counted);
    } else {
      counted.count += count;
      counted.disputed = true;
    }
    this.#byText.set(text, counted);
  }

  /** Number of documents, one with several values counted for each. */
  sum(): number {
    let sum = 0;
    for (const { count } of this.#byKey.values()) sum += count;
    return sum;
  }
}
