import { faultAt, faultBefore, jsonSource } from '../json/fault.ts';
import { displayDouble, isInteger, unexpected } from '../json/print.ts';
import { members, rawFields, skipSpace, skipString } from '../json/scan.ts';
import type { ContentFailure, StoredDocument } from './checks.ts';
import { decodingFault } from './ids.ts';
import { notADocument } from './parse-document.ts';

/** What one embedder's entry of `_vectors` is called when it has the wrong type. */
function describeScalar(value: string): string {
  if (value.startsWith('"')) return `string \`${JSON.parse(value) as string}\``;
  if (value === 'true' || value === 'false') return `boolean \`${value}\``;
  return isInteger(value) ? `integer \`${value}\`` : `number \`${displayDouble(Number(value))}\``;
}

/** What is wrong with an embedder's entry that is an object, or null. */
function objectFault(path: string, value: string): string | null {
  const stop = (offset: number): string =>
    `Could not parse \`${path}\`: ${faultBefore(jsonSource(value), offset, 'trailing characters').message}`;
  let regenerate = false;
  for (const m of members(value)) {
    const text = value.slice(m.valueStart, m.valueEnd);
    if (m.key === 'regenerate') {
      regenerate = true;
      if (text === 'true' || text === 'false') continue;
      if (text.startsWith('{') || text.startsWith('[')) return stop(m.valueStart);
      const type = `invalid type: ${unexpected(text)}, expected a boolean`;
      return `Could not parse \`${path}.regenerate\`: ${faultAt(jsonSource(value), m.valueEnd, type).message}`;
    }
    if (m.key !== 'embeddings') return stop(skipSpace(value, skipString(value, m.keyStart)));
  }
  if (regenerate) return null;
  return `Missing field \`${path}.regenerate\`\n  - note: \`${path}\` must be an array of floats, an array of arrays of floats, or an object with field \`regenerate\``;
}

function entryFault(embedder: string, value: string): string | null {
  const path = `._vectors.${embedder}`;
  if (value === 'null' || value.startsWith('[')) return null;
  if (value.startsWith('{')) return objectFault(path, value);
  const fault = decodingFault(value);
  if (fault !== null) return `Could not parse \`${path}\`: ${fault.message}`;
  return `Expected \`${path}\` to be an array of floats, an array of arrays of floats, or an object with at least the field \`regenerate\`, but got the ${describeScalar(value)}`;
}

/** The failure of a document whose `_vectors` say something that no embedder could use. */
export function badEmbedding(id: string, fault: string): ContentFailure {
  return {
    code: 'invalid_vectors_type',
    message: `Bad embedder configuration in the document with id: \`${id}\`. ${fault}`,
  };
}

/** What is wrong with the shape of `_vectors` whatever the index's embedders are, or null; embeddings are not looked into. */
export function vectorsFailure({ id, fields }: StoredDocument): ContentFailure | null {
  const value = fields.get('_vectors');
  if (value === undefined) return null;
  const type = notADocument(jsonSource(value), 0, value.length, true);
  if (type !== null) return { code: 'internal', message: type.message };
  for (const [embedder, entry] of rawFields(value)) {
    const fault = entryFault(embedder, entry);
    if (fault !== null) return badEmbedding(id, fault);
  }
  return null;
}

/** How Meilisearch reports that it stumbled on a value while it read embeddings. */
export const vectorsCrash: ContentFailure = {
  code: 'internal',
  message:
    'An unexpected crash occurred when processing the task: called `Result::unwrap()` on an `Err` value: Any { .. }',
  bare: true,
};
