import { rawFields } from '../json/scan.ts';
import type { StoredDocument } from './checks.ts';

/** Slips of the pen that Meilisearch recognises. */
const furthest = 2;
/** Hints of each kind. */
const most = 2;

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  let before: number[] = [];
  let last = y.map((_, j) => j);
  last.push(y.length);
  for (const [i, c] of x.entries()) {
    const row = [i + 1];
    for (const [j, d] of y.entries()) {
      const same = c === d ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + same, (last[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1);
      if (i > 0 && j > 0 && c === y[j - 1] && x[i - 1] === d) best = Math.min(best, (before[j - 1] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[y.length] ?? 0;
}

function isSlip(name: string, meant: string): boolean {
  if (Math.abs(name.length - meant.length) > 2 * furthest) return false;
  const distance = editDistance(name, meant);
  return distance > 0 && distance <= furthest;
}

/** How many of the documents have each name. */
function count(names: Iterable<Iterable<string>>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const list of names) for (const name of list) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function* vectorNames(documents: readonly StoredDocument[]): Iterable<Iterable<string>> {
  for (const { fields } of documents) yield rawFields(fields.get('_vectors') ?? '{}').keys();
}

const hint = (got: string, meant: string, documents: number) =>
  `\n- Hint: try replacing \`${got}\` by \`${meant}\` in ${documents} document(s).`;

/**
 * What Meilisearch suggests when documents lack vectors for an embedder: names close to `_vectors` among the fields of the
 * batch and names close to the embedder's in the group that is embedded, else opting out. Of more than two embedders it
 * takes any; here the first.
 */
export function embeddingHints(
  embedder: string,
  embedders: ReadonlySet<string>,
  documents: { group: readonly StoredDocument[]; batch: readonly StoredDocument[] },
): string {
  const fields = [...count(documents.batch.map((document) => document.fields.keys()))]
    .filter(([name]) => !name.includes('.') && isSlip(name, '_vectors'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = [...count(vectorNames(documents.group))].filter(
    ([name]) => !embedders.has(name) && isSlip(name, embedder),
  );
  const hints = [
    ...fields.slice(0, most).map(([name, times]) => hint(name, '_vectors', times)),
    ...names.slice(0, most).map(([name, times]) => hint(`_vectors.${name}`, `_vectors.${embedder}`, times)),
  ];
  return hints.join('') || `\n- Hint: opt-out for a document with \`_vectors.${embedder}: null\``;
}
