import type { Corpus } from '../tests/support/corpus.ts';
import { searchCases } from '../tests/support/requests.ts';
import type { BenchSearch } from './load.ts';

/** What a search asks for besides the index, in the words of a query of a multi-search. */
export type SearchBody = Record<string, unknown>;

/** The search of an index. */
export const searchOf = (uid: string, body: SearchBody): BenchSearch => ({
  path: `/indexes/${uid}/search`,
  body: JSON.stringify(body),
});

/** Kinds of searches that are measured apart. */
export type Workload = 'cheap' | 'expensive';

/** Everyday classes, as a shop's visitors cause them; the odd ones of the parity tests are left out. */
const classes: Record<Workload, ReadonlySet<string>> = {
  cheap: new Set(['one word', 'two words', 'one typo', 'words then prefix', 'phrase', 'placeholder']),
  expensive: new Set([
    'several words',
    'short prefix',
    'placeholder sorted',
    'query sorted',
    'query and filter',
    'highlight',
  ]),
};

/** What a federated search leaves to the federation. */
const pages = new Set(['limit', 'offset', 'page', 'hitsPerPage', 'facets', 'distinct']);

/** A fixed mix of searches over a shop for its first twenty hits. */
export function workload(corpus: Corpus, kind: Workload, perClass: number): SearchBody[] {
  return searchCases(corpus, perClass, 5, 'all')
    .filter(({ category }) => classes[kind].has(category))
    .map(({ body }) => ({ ...Object.fromEntries(Object.entries(body).filter(([key]) => !pages.has(key))), limit: 20 }));
}
