import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeSearchAnswer } from '../../../src/search/merge/answer.ts';
import type { SimilarQuery } from '../../../src/search/query.ts';
import { cosineSimilarity, mergeSimilar, type SimilarView } from '../../../src/search/similar-merge.ts';
import { answerOf } from './raw-hits.ts';

const query: SimilarQuery = {
  id: '0',
  offset: 0,
  limit: 20,
  filter: null,
  embedder: 'm',
  attributesToRetrieve: null,
  retrieveVectors: false,
  showRankingScore: false,
  showRankingScoreDetails: false,
  rankingScoreThreshold: null,
};
const view = (change: Partial<SimilarQuery> = {}): SimilarView => ({
  query: { ...query, ...change },
  visible: { retrieve: null, formatted: null, displayed: null },
  extras: ['_miroir_version', 'id'],
  showVectors: false,
  primaryKey: 'id',
  maxTotalHits: 1_000,
});

interface Hit {
  id: number;
  similarity: number | null;
  vectors?: number[][];
}

function answer(hits: readonly Hit[], total = hits.length): NodeSearchAnswer {
  const texts = hits.map(({ id, similarity, vectors }) => {
    const own = vectors === undefined ? '' : `,"_vectors":{"m":{"embeddings":${JSON.stringify(vectors)}}}`;
    return `{"id":${id},"_miroir_version":"${id}"${own},"_rankingScoreDetails":{"vectorSort":{"order":0,"similarity":${similarity}}}}`;
  });
  return answerOf(`{"hits":[${texts.join(',')}],"query":"","limit":20,"estimatedTotalHits":${total}}`);
}
const ids = (hits: readonly string[]) => hits.map((hit) => JSON.parse(hit).id as number);

describe('mergeSimilar', () => {
  it('merges by similarity, adds the totals, shows what was asked for', () => {
    const home = [answer([{ id: 1, similarity: 0.9 }], 5)];
    const others = [[answer([{ id: 2, similarity: 1 }], 7), answer([{ id: 3, similarity: 0.5 }], 9)]];
    const merged = mergeSimilar({ home, others, vectors: [] }, view({ showRankingScore: true, limit: 2 }));
    expect(merged).toEqual({
      hits: ['{"id":2,"_rankingScore":1.0}', '{"id":1,"_rankingScore":0.9}'],
      total: 21,
    });
  });

  it('leaves out documents without a vector', () => {
    const home = [answer([{ id: 1, similarity: null }])];
    expect(ids(mergeSimilar({ home, others: [], vectors: [] }, view()).hits)).toEqual([]);
  });

  it('ends at the first document of the page below the threshold', () => {
    const home = [
      answer([
        { id: 1, similarity: 0.9 },
        { id: 2, similarity: 0.7 },
        { id: 3, similarity: 0.4 },
      ]),
    ];
    const found = { home, others: [], vectors: [] };
    expect(mergeSimilar(found, view({ rankingScoreThreshold: 0.5 }))).toMatchObject({ total: 2 });
    expect(ids(mergeSimilar(found, view({ rankingScoreThreshold: 0.5, offset: 1 })).hits)).toEqual([2]);
    expect(mergeSimilar(found, view({ rankingScoreThreshold: 0.5, limit: 1 }))).toMatchObject({ total: 3 });
  });

  it('compares embeddings in the same position, of which the best pair counts', () => {
    const vectors = [
      [1, 0],
      [0, 1],
    ];
    // The node finds it perfect, since it compares every embedding with every vector.
    const crossed = {
      id: 5,
      similarity: 1,
      vectors: [
        [0, 1],
        [1, 0],
      ],
    };
    const paired = {
      id: 6,
      similarity: 0.9,
      vectors: [
        [1, 0.5],
        [0, 1],
      ],
    };
    const others = [[answer([crossed, paired])], [answer([crossed, { ...paired, similarity: 1 }])]];
    const merged = mergeSimilar({ home: [], others, vectors }, view({ showRankingScore: true }));
    expect(merged.hits).toEqual(['{"id":6,"_rankingScore":1.0}', '{"id":5,"_rankingScore":0.5}']);
  });

  it('gives the same list however the documents are spread over nodes', () => {
    const documents = fc.uniqueArray(fc.record({ id: fc.nat(200), at: fc.nat(3), similarity: fc.nat(50) }), {
      selector: ({ id }) => id,
      maxLength: 60,
    });
    const best = (a: Hit, b: Hit) =>
      (b.similarity ?? 0) - (a.similarity ?? 0) || (String(a.id) < String(b.id) ? -1 : 1);
    fc.assert(
      fc.property(documents, fc.nat(10), fc.nat(20), (list, offset, limit) => {
        const hits = list.map(({ id, similarity }) => ({ id, similarity: similarity / 50 })).sort(best);
        const nodes = [0, 1, 2, 3].map((node) =>
          answer(hits.filter(({ id }) => list.find((other) => other.id === id)?.at === node)),
        );
        const [home, ...others] = nodes as [NodeSearchAnswer, ...NodeSearchAnswer[]];
        const spread = mergeSimilar({ home: [home], others: [others], vectors: [] }, view({ offset, limit }));
        expect(spread).toEqual(
          mergeSimilar({ home: [answer(hits)], others: [], vectors: [] }, view({ offset, limit })),
        );
        expect(ids(spread.hits)).toEqual(hits.slice(offset, offset + limit).map(({ id }) => id));
      }),
      { seed: 22, numRuns: 150 },
    );
  });
});

describe('cosineSimilarity', () => {
  it('is 1 for the same direction, 0 for the opposite, a half for a right angle', () => {
    expect(cosineSimilarity([1, 2], [2, 4])).toBeCloseTo(1, 6);
    expect(cosineSimilarity([1, 2], [-1, -2])).toBeCloseTo(0, 6);
    expect(cosineSimilarity([1, 0], [0, 3])).toBe(0.5);
  });
});
