import { ApiError } from '../../src/errors/api-error.ts';
import type { SearchQuery, SimilarQuery } from '../../src/search/query.ts';
import type { Rng } from '../support/rng.ts';
import { createRng } from '../support/rng.ts';
import { searchQuery } from '../unit/search/fixtures.ts';
import { anyCaller, type ShardedFixture } from './search/shards.ts';

const words = 'red blue green yellow white black fox dog cat wolf bear sun moon star river mountain forest house'.split(' ');
const themes = 8;

/** Number of components of the test vectors. */
export const dimensions = 16;

const bell = (rng: Rng) => rng.next() + rng.next() + rng.next() - 1.5;
const rounded = (value: number) => Math.round(value * 10_000) / 10_000;

/** Centres around which vectors lie, so that neighbours mean something. */
const centres = (rng: Rng) =>
  Array.from({ length: themes }, () => Array.from({ length: dimensions }, () => bell(rng) * 2));

/** A vector near the centre of a theme. */
function near(rng: Rng, centre: readonly number[]): number[] {
  return centre.map((value) => rounded(value + bell(rng)));
}

/** A corpus with vectors, and vectors to search for. */
export interface VectorCorpus {
  documents: string[];
  queries: { q: string; vector: number[] }[];
  settings: Record<string, unknown>;
}

/**
 * Documents whose words and vectors follow the same themes; one in twenty has no vector. With `several`, one in four has
 * up to three.
 */
export function vectorCorpus(size: number, seed: number, several = false): VectorCorpus {
  const rng = createRng(seed);
  const around = centres(rng);
  const centre = (theme: number) => around[theme % themes] ?? [];
  const text = (theme: number, length: number) =>
    Array.from({ length }, () => words[rng.chance(0.6) ? (theme * 2 + rng.int(3)) % words.length : rng.int(words.length)]).join(' ');
  const documents = Array.from({ length: size }, (_, id) => {
    const theme = rng.int(themes);
    const count = several && rng.chance(0.25) ? 1 + rng.int(3) : 1;
    const vectors = Array.from({ length: count }, () => near(rng, centre(rng.chance(0.8) ? theme : rng.int(themes))));
    return JSON.stringify({
      id,
      title: text(theme, 3),
      body: text(theme, 12),
      group: rng.int(40),
      price: rng.int(500),
      _vectors: { manual: rng.chance(0.05) ? null : several ? vectors : vectors[0] },
    });
  });
  const queries = Array.from({ length: 200 }, () => {
    const theme = rng.int(themes);
    return { q: text(theme, 1 + rng.int(3)), vector: near(rng, centre(rng.int(themes))) };
  });
  const settings = {
    embedders: { manual: { source: 'userProvided', dimensions } },
    filterableAttributes: ['group', 'price'],
    sortableAttributes: ['price'],
    pagination: { maxTotalHits: 3_000 },
  };
  return { documents, queries, settings };
}

/** What one server answers to a POST. */
export async function oracleAnswer(fixture: ShardedFixture, uid: string, route: string, body: unknown): Promise<string> {
  const path = `/indexes/${uid}/${route}`;
  return (await fixture.oracle.request({ method: 'POST', path, body: JSON.stringify(body) })).text;
}

/** An answer, or the error's body. */
export async function answerOrError(work: Promise<{ json: string }>): Promise<string> {
  try {
    return (await work).json;
  } catch (error) {
    if (error instanceof ApiError) return JSON.stringify(error.toBody());
    throw error;
  }
}

/** What Miroir's search answers. */
export function ourSearch(fixture: ShardedFixture, uid: string, body: object, overFetch: number | null = null) {
  const query = searchQuery(body as Partial<SearchQuery>);
  return answerOrError(fixture.services().search.search(uid, query, anyCaller(), { overFetch }));
}

const similarDefaults: Omit<SimilarQuery, 'id' | 'embedder'> = {
  offset: 0,
  limit: 20,
  filter: null,
  attributesToRetrieve: null,
  retrieveVectors: false,
  showRankingScore: false,
  showRankingScoreDetails: false,
  rankingScoreThreshold: null,
};

/** What Miroir answers about similar documents. */
export function ourSimilar(fixture: ShardedFixture, uid: string, body: { id: unknown; embedder: string }) {
  const query = { ...similarDefaults, ...body, id: String(body.id) };
  return answerOrError(fixture.services().search.similar(uid, query, anyCaller()));
}
