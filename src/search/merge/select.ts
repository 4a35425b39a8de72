import { elements, members, type ReadPiece, skipSpace } from '../../json/scan.ts';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** Selectors below a key: `nest.a` under `nest` is `a`. */
function below(selectors: readonly string[], key: string): string[] {
  const prefix = `${key}.`;
  return selectors.filter((selector) => selector.startsWith(prefix)).map((selector) => selector.slice(prefix.length));
}

function selectElements(array: string, selectors: readonly string[], read?: ReadPiece): string {
  const kept = elements(array).flatMap((element) => {
    const selected = selectInside(element, selectors, read);
    return selected === null ? [] : [selected];
  });
  return `[${kept.join(',')}]`;
}

/** What the selectors pick inside a value, or null when that is nothing. */
function selectInside(value: string, selectors: readonly string[], read?: ReadPiece): string | null {
  const first = value.charCodeAt(0);
  if (first === OPEN_BRACE) {
    const object = selectFields(value, selectors, read);
    return object === '{}' ? null : object;
  }
  if (first === OPEN_BRACKET) {
    const array = selectElements(value, selectors, read);
    return array === '[]' ? null : array;
  }
  return null;
}

/**
 * The part of an object's text that field paths (`a`, `nest.b`) select, by the rules of Meilisearch's
 * `attributesToRetrieve`: a path goes through arrays, what becomes empty disappears, an array below a selected path
 * stays even when it becomes empty. Values are copied as they are written. `read` as for `members`.
 */
export function selectFields(object: string, selectors: readonly string[], read?: ReadPiece): string {
  const kept: string[] = [];
  for (const { key, keyStart, valueStart, valueEnd } of members(object, skipSpace(object, 0), read)) {
    if (selectors.includes(key)) {
      kept.push(object.slice(keyStart, valueEnd));
      continue;
    }
    const inner = below(selectors, key);
    if (inner.length === 0) continue;
    const value = object.slice(valueStart, valueEnd);
    const selected =
      value.charCodeAt(0) === OPEN_BRACKET ? selectElements(value, inner, read) : selectInside(value, inner, read);
    if (selected !== null) kept.push(`${object.slice(keyStart, valueStart)}${selected}`);
  }
  return `{${kept.join(',')}}`;
}
