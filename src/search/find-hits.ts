import { type FetchDocuments, isDeep, placesOnly, withDocuments } from './deep-page.ts';
import { mergedHits, mergedSoFar, type NodeSearchAnswer } from './merge/answer.ts';
import type { RankedHit } from './merge/ranked-hit.ts';
import { byNode, type ScatterResult, type ShardAnswer } from './scatter.ts';
import { type AskNodes, answersOf, firstRound, mergeOptions, type PlannedSearch } from './search-round.ts';
import { isThinned } from './thinned.ts';

/** The hits of a search up to the end of its window, and the answers that they were taken from. */
export interface FoundHits {
  hits: readonly RankedHit[];
  /** Hits before the page that are counted here and left out of `hits`. */
  passed: number;
  answers: readonly NodeSearchAnswer[];
  missing: readonly number[];
}

type Gathered = ScatterResult<NodeSearchAnswer>;

/** Asks the nodes of some answers for the whole window, and puts what they say in the place of those. */
async function askForAll(ask: AskNodes, search: PlannedSearch, found: Gathered, some: readonly NodeSearchAnswer[]) {
  const isOne = ({ value }: ShardAnswer<NodeSearchAnswer>) => some.includes(value);
  const parts = found.answers.filter(isOne).map(({ nodeId, shards }) => ({ nodeId, shards }));
  const more = await ask(search, { ...firstRound(search), shards: parts.flatMap(({ shards }) => shards), parts });
  const kept = found.answers.filter((answer) => !isOne(answer));
  return {
    answers: [...kept, ...more.answers].sort(byNode),
    missing: [...found.missing, ...more.missing].sort((a, b) => a - b),
  };
}

/** What was found without the hits before the page, which would keep much memory while its documents are fetched. */
function pageOf({ window }: PlannedSearch, found: FoundHits): FoundHits {
  const passed = Math.min(window.offset, found.hits.length);
  return { ...found, passed, hits: found.hits.slice(passed) };
}

/** Finds hits and, for a page far into the results, fetches its documents apart. */
export async function findHits(ask: AskNodes, fetch: FetchDocuments, search: PlannedSearch): Promise<FoundHits> {
  if (isThinned(search) || !isDeep(search)) return findWhole(ask, search);
  const page = pageOf(search, await findWhole(ask, placesOnly(search)));
  const hits = await withDocuments(fetch, search, page.hits);
  return hits === null ? findWhole(ask, search) : { ...page, hits };
}

/**
 * Asks each node for as many hits as its share of the shards should need, and asks again, for the whole window, one that had
 * too few. Should that not do, the others are asked for all as well. What `distinct` or a threshold leaves out depends on how
 * far a node looks, so that such a search asks for all at once.
 */
async function findWhole(ask: AskNodes, search: PlannedSearch): Promise<FoundHits> {
  const round = firstRound(search);
  if (isThinned(search)) {
    const found = await ask(search, round);
    const answers = answersOf(found);
    return { hits: mergedHits(answers, mergeOptions(search)), passed: 0, answers, missing: found.missing };
  }
  let found = await ask(search, { byShare: true, ...round });
  for (let askedAgain = false; ; askedAgain = true) {
    const answers = answersOf(found);
    const { hits, short } = mergedSoFar(answers, mergeOptions(search));
    if (short.length === 0) return { hits, passed: 0, answers, missing: found.missing };
    const tooFew = askedAgain ? answers.filter(({ reach }) => reach < round.reach) : short;
    found = await askForAll(ask, search, found, tooFew);
  }
}
