import type { Corpus } from './corpus.ts';
import { createRng, type Rng } from './rng.ts';

/** Components of the test vectors. */
export const dimensions = 16;
/** The embedder of the test indexes. */
export const embedder = 'manual';

const themes = 8;
const bell = (rng: Rng) => rng.next() + rng.next() + rng.next() - 1.5;
const rounded = (value: number) => Math.round(value * 10_000) / 10_000;

/** Draws vectors that lie around a few centres, so that neighbours mean something; the same for the same seed. */
export function createVectorSource(seed: number): () => number[] {
  const rng = createRng(seed);
  const around = createRng(4);
  const centres = Array.from({ length: themes }, () => Array.from({ length: dimensions }, () => bell(around) * 2));
  return () => rng.pick(centres).map((value) => rounded(value + bell(rng)));
}

/** How the documents of a corpus get their vectors. */
export interface VectorOptions {
  uid: string;
  seed: number;
  /** One document in four has up to four embeddings instead of one. */
  several?: boolean;
}

/** The corpus with a vector in each document, except for one in twenty, which opts out. */
export function withVectors(corpus: Corpus, { uid, seed, several = false }: VectorOptions): Corpus {
  const rng = createRng(seed);
  const draw = createVectorSource(seed + 1);
  const documents = corpus.documents.map((document) => {
    const count = several && rng.chance(0.25) ? 1 + rng.int(4) : 1;
    const vectors = Array.from({ length: count }, draw);
    const value = rng.chance(0.05) ? null : several ? vectors : vectors[0];
    return `${document.slice(0, -1)},"_vectors":{"${embedder}":${JSON.stringify(value)}}}`;
  });
  const settings = {
    ...corpus.settings,
    embedders: { [embedder]: { source: 'userProvided', dimensions } },
    pagination: { maxTotalHits: 5_000 },
  };
  return { ...corpus, uid, documents, settings };
}
