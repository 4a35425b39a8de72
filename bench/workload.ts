import type { Corpus } from '../tests/support/corpus.ts';
import { searchCases } from '../tests/support/requests.ts';
import type { BenchSearch } from './load.ts';

/** Everyday classes, as a shop's visitors cause them; the odd ones of the parity tests are left out. */
const everyday = new Set([
  'one word',
  'two words',
  'several words',
  'one typo',
  'short prefix',
  'words then prefix',
  'phrase',
  'placeholder',
  'placeholder sorted',
  'query sorted',
  'query and filter',
  'facets',
  'highlight',
  'page mode',
]);

/** A fixed mix of searches over a shop. */
export function workload(corpus: Corpus, perClass: number): BenchSearch[] {
  return searchCases(corpus, perClass, 5, 'all')
    .filter((search) => everyday.has(search.category))
    .map((search) => ({ uid: corpus.uid, body: JSON.stringify(search.body) }));
}
