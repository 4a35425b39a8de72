import { parseRaw, printRaw, type Raw, RawNumber } from './raw-json.ts';

/** One place where two answers differ. */
export interface Difference {
  path: string;
  expected: string;
  got: string;
}

/** How strictly and what to leave out. */
export interface CompareOptions {
  /** Keys whose values differ by nature (times); only null against not null, and the JSON type, are compared. */
  loose?: ReadonlySet<string>;
  /** Keys that only one side need have. */
  optional?: ReadonlySet<string>;
  /** Objects in which the order of keys matters, as paths without list positions, for example `$` or `$.facetDistribution.*`. */
  ordered?: (path: string) => boolean;
}

const clip = (value: Raw | undefined) => (value === undefined ? '(absent)' : printRaw(value).slice(0, 200));

function kind(value: Raw): string {
  if (value === null) return 'null';
  if (value instanceof RawNumber) return 'number';
  if (Array.isArray(value)) return 'list';
  return value instanceof Map ? 'object' : typeof value;
}

function diffObjects(
  expected: Map<string, Raw>,
  got: Map<string, Raw>,
  path: string,
  options: CompareOptions,
  found: Difference[],
): void {
  for (const key of new Set([...expected.keys(), ...got.keys()])) {
    const [left, right] = [expected.get(key), got.get(key)];
    const inner = `${path}.${key}`;
    if (left === undefined || right === undefined) {
      if (!options.optional?.has(key)) found.push({ path: inner, expected: clip(left), got: clip(right) });
    } else if (options.loose?.has(key)) {
      if (kind(left) !== kind(right)) found.push({ path: inner, expected: clip(left), got: clip(right) });
    } else {
      diffInto(left, right, inner, options, found);
    }
  }
  const [order, gotOrder] = [[...expected.keys()].join(), [...got.keys()].join()];
  if (options.ordered?.(path) && order !== gotOrder && expected.size === got.size) {
    found.push({ path: `${path} key order`, expected: order.slice(0, 300), got: gotOrder.slice(0, 300) });
  }
}

function diffInto(expected: Raw, got: Raw, path: string, options: CompareOptions, found: Difference[]): void {
  if (expected instanceof Map && got instanceof Map) {
    diffObjects(expected, got, path, options, found);
  } else if (Array.isArray(expected) && Array.isArray(got)) {
    if (expected.length !== got.length) {
      found.push({ path: `${path} length`, expected: String(expected.length), got: String(got.length) });
    }
    for (let i = 0; i < Math.min(expected.length, got.length); i++) {
      diffInto(expected[i] ?? null, got[i] ?? null, `${path}[${i}]`, options, found);
    }
  } else if (printRaw(expected) !== printRaw(got)) {
    found.push({ path, expected: clip(expected), got: clip(got) });
  }
}

/** All differences between two values; numbers are compared as they are written. */
export function diff(expected: Raw, got: Raw, options: CompareOptions = {}, path = '$'): Difference[] {
  const found: Difference[] = [];
  diffInto(expected, got, path, options, found);
  return found;
}

/** Parse an answer's text; a text that is not JSON stays a string, so that empty bodies can be compared as well. */
export function parseAnswer(text: string): Raw {
  try {
    return parseRaw(text);
  } catch {
    return text;
  }
}

/** Values that depend on the moment, not on the request. */
export const momentary: ReadonlySet<string> = new Set([
  'processingTimeMs',
  'enqueuedAt',
  'startedAt',
  'finishedAt',
  'duration',
  'createdAt',
  'updatedAt',
  'lastUpdate',
]);

/** Compare status and body of two answers of any route; key order counts at the top level. */
export function diffAnswers(
  expected: { status: number; text: string },
  got: { status: number; text: string },
  options: CompareOptions = {},
): Difference[] {
  if (expected.status !== got.status) {
    return [
      {
        path: 'status',
        expected: `${expected.status} ${expected.text.slice(0, 300)}`,
        got: `${got.status} ${got.text.slice(0, 300)}`,
      },
    ];
  }
  return diff(parseAnswer(expected.text), parseAnswer(got.text), {
    loose: momentary,
    ordered: (path) => path === '$',
    ...options,
  });
}
