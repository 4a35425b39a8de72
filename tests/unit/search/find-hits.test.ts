import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findHits } from '../../../src/search/find-hits.ts';
import { windowOf } from '../../../src/search/merge/totals.ts';
import { nodeReach } from '../../../src/search/node-reach.ts';
import type { AskNodes, PlannedSearch } from '../../../src/search/search-round.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { indexRecord, searchQuery } from './fixtures.ts';
import { answerOf } from './raw-hits.ts';

const nodes = [[0, 1, 2, 3], [4, 5, 6], [7]];

function planned(limit: number, offset: number): PlannedSearch {
  const query = searchQuery({ limit, offset });
  const settings = parseReadSettings(null);
  return {
    index: indexRecord({ shards: 8 }),
    settings,
    query,
    filter: null,
    attributes: {
      retrieve: null,
      highlight: null,
      crop: null,
      visible: { retrieve: null, formatted: null, displayed: null },
    },
    window: windowOf(query, settings.maxTotalHits),
    extras: [],
    retrieveVectors: false,
    distinct: null,
    countedDistinct: null,
    shards: [0, 1, 2, 3, 4, 5, 6, 7],
    startGroup: 0,
    started: 0,
  };
}

const hit = (rank: number) =>
  `{"id":${rank},"_miroir_version":"v","_rankingScoreDetails":{"n:asc":{"order":0,"value":${rank}}}}`;

/** Nodes of which the `i`-th ranked document is on `places[i]`. */
function nodesWith(places: readonly number[]): { ask: AskNodes; asked: number[][] } {
  const asked: number[][] = [];
  const ask: AskNodes = async (_, { reach, shards, byShare, parts }) => {
    const wanted = parts ?? nodes.map((own, i) => ({ nodeId: `n${i}`, shards: own }));
    const limits: number[] = [];
    const answers = wanted.map(({ nodeId, shards: own }) => {
      const limit = byShare ? nodeReach(reach, own.length / shards.length) : reach;
      limits.push(limit);
      const ranks = places.flatMap((place, rank) => (`n${place}` === nodeId ? [rank] : []));
      const text = `{"hits":[${ranks.slice(0, limit).map(hit).join(',')}],"query":"","limit":${limit},"offset":0,"estimatedTotalHits":${ranks.length}}`;
      return { nodeId, shards: own, value: answerOf(text) };
    });
    asked.push(limits);
    return { answers, missing: [] };
  };
  return { ask, asked };
}

describe('finding hits', () => {
  it('asks for less than all, and comes to the same hits however the documents lie', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(2), { maxLength: 150 }),
        fc.nat(2),
        fc.integer({ min: 0, max: 40 }),
        fc.nat(60),
        async (mixed, alone, limit, offset) => {
          for (const places of [mixed, mixed.map(() => alone)]) {
            const { ask, asked } = nodesWith(places);
            const { hits, answers, missing } = await findHits(ask, planned(limit, offset));
            const reach = limit === 0 ? 0 : offset + limit;
            expect(hits.map(({ id }) => Number(id))).toEqual(places.slice(0, reach).map((_, rank) => rank));
            expect(answers.reduce((sum, { total }) => sum + total, 0)).toBe(places.length);
            expect(missing).toEqual([]);
            expect(asked.length).toBeLessThanOrEqual(3);
          }
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });

  it('asks again only who had too few', async () => {
    const even = nodesWith(Array.from({ length: 200 }, (_, i) => [0, 1, 0, 1, 0, 1, 0, 2][i % 8] ?? 0));
    await findHits(even.ask, planned(20, 0));
    expect(even.asked).toEqual([[18, 15, 8]]);
    const odd = nodesWith(Array.from({ length: 200 }, () => 2));
    await findHits(odd.ask, planned(20, 0));
    expect(odd.asked).toEqual([[18, 15, 8], [20]]);
  });
});

describe('nodeReach', () => {
  it('is what there is to ask for at most, and the usual share at least', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0.001, max: 1, noNaN: true }), (reach, share) => {
        const asked = nodeReach(reach, share);
        expect(asked).toBeLessThanOrEqual(reach);
        expect(asked).toBeGreaterThanOrEqual(Math.min(reach, reach * share));
      }),
      { seed: 9 },
    );
    expect(nodeReach(20, 1)).toBe(20);
    expect(nodeReach(920, 1 / 3)).toBeLessThan(360);
    expect(nodeReach(20, 1 / 24)).toBeLessThan(6);
  });
});
