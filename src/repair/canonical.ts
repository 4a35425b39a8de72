import { elements, members, skipSpace } from '../json/scan.ts';
import { hash64 } from '../placement/hash.ts';

const compareKeys = (a: readonly [string, string], b: readonly [string, string]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;

/** An object's members by key (of duplicates the last), as canonical text. */
function canonicalObject(text: string, at: number, value: (key: string, raw: string) => string | null): string {
  const fields = new Map<string, string>();
  for (const { key, valueStart, valueEnd } of members(text, at)) {
    const written = value(key, text.slice(valueStart, valueEnd));
    if (written === null) fields.delete(key);
    else fields.set(key, written);
  }
  const sorted = [...fields].sort(compareKeys);
  return `{${sorted.map(([key, written]) => `${JSON.stringify(key)}:${written}`).join(',')}}`;
}

/** A value's text without white space between its parts and with the keys of objects in order; numbers stay as they are written. */
export function canonicalValue(raw: string): string {
  const at = skipSpace(raw, 0);
  const first = raw.charAt(at);
  if (first === '{') return canonicalObject(raw, at, (_key, value) => canonicalValue(value));
  if (first === '[') return `[${elements(raw, at).map(canonicalValue).join(',')}]`;
  return raw.trim();
}

/** An embedding that a node makes itself is not compared: two nodes may make two, and both are right. */
function canonicalVectors(raw: string): string | null {
  if (raw.charAt(0) !== '{') return canonicalValue(raw);
  const text = canonicalObject(raw, 0, (_embedder, value) => {
    if (value.charAt(0) !== '{') return canonicalValue(value);
    const regenerated = members(value).some(
      ({ key, valueStart, valueEnd }) => key === 'regenerate' && value.slice(valueStart, valueEnd) === 'true',
    );
    return regenerated ? '"regenerated"' : canonicalValue(value);
  });
  // a node that is asked for embeddings adds an empty object where there are none
  return text === '{}' ? null : text;
}

/** A document as a node lists it (with embeddings), in a form that is the same on every node that holds the same document. */
export function canonicalDocument(raw: string): string {
  return canonicalObject(raw, 0, (key, value) =>
    key === '_vectors' ? canonicalVectors(value) : canonicalValue(value),
  );
}

/** xxh64 of a document's content, markers included. */
export function contentHash(raw: string): bigint {
  return hash64(canonicalDocument(raw));
}
