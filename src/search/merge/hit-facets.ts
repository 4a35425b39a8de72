import { textOf } from '../../json/byte-text.ts';
import { displayDouble } from '../../json/print.ts';
import type { NodeFacets } from './facets.ts';
import type { NodeHit } from './hit.ts';
import { normaliseValue } from './normalise.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A leaf value of a document: number, or text as Meilisearch shows it. */
type Leaf = number | string;

function addLeaves(path: string, value: Json, into: (path: string, leaf: Leaf) => void): void {
  if (Array.isArray(value)) for (const element of value) addLeaves(path, element, into);
  else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) addLeaves(`${path}.${key}`, inner, into);
  } else if (typeof value === 'number') into(path, value);
  else if (typeof value === 'boolean') into(path, String(value));
  else if (typeof value === 'string' && value !== '') into(path, value);
}

interface Field {
  counts: Map<string, number>;
  numbers: number[];
}

/** Counts a document's values of the fields that `wanted` names, each value once however often the document has it. */
function addHit(hit: NodeHit, wanted: (path: string) => boolean, fields: Map<string, Field>): void {
  const seen = new Set<string>();
  for (const { key, valueStart, valueEnd } of hit.fields) {
    addLeaves(key, JSON.parse(textOf(hit.text.slice(valueStart, valueEnd))) as Json, (path, leaf) => {
      if (!wanted(path)) return;
      const isNumber = typeof leaf === 'number';
      const once = JSON.stringify([path, isNumber ? leaf : normaliseValue(leaf)]);
      if (seen.has(once)) return;
      seen.add(once);
      const field = fields.get(path) ?? { counts: new Map<string, number>(), numbers: [] };
      fields.set(path, field);
      if (isNumber) field.numbers.push(leaf);
      const shown = isNumber ? displayDouble(leaf) : leaf;
      field.counts.set(shown, (field.counts.get(shown) ?? 0) + 1);
    });
  }
}

/** Facets of a handful of documents in the form in which a node counts those of many. */
export function facetsOfHits(hits: readonly NodeHit[], wanted: (path: string) => boolean): NodeFacets {
  const fields = new Map<string, Field>();
  for (const hit of hits) addHit(hit, wanted, fields);
  const numbered = [...fields].filter(([, { numbers }]) => numbers.length > 0);
  return {
    distribution: Object.fromEntries(Array.from(fields, ([path, { counts }]) => [path, Object.fromEntries(counts)])),
    stats: Object.fromEntries(
      numbered.map(([path, { numbers }]) => [path, { min: Math.min(...numbers), max: Math.max(...numbers) }]),
    ),
  };
}

/** The fields of a distribution without their values: a field that documents have is listed though none of those found has it. */
export function withoutValues({ distribution }: NodeFacets): NodeFacets {
  return { distribution: Object.fromEntries(Object.keys(distribution).map((name) => [name, {}])), stats: {} };
}
