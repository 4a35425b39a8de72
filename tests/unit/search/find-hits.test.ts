import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FetchDocuments } from '../../../src/search/deep-page.ts';
import { findHits } from '../../../src/search/find-hits.ts';
import { renderHit } from '../../../src/search/merge/hit.ts';
import { windowOf } from '../../../src/search/merge/totals.ts';
import { nodeReach } from '../../../src/search/node-reach.ts';
import { type AskNodes, mergeOptions, type PlannedSearch } from '../../../src/search/search-round.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { indexRecord, searchQuery } from './fixtures.ts';
import { answerOf, hitOf } from './raw-hits.ts';

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

const neverFetched: FetchDocuments = async () => {
  throw new Error('no document is to be fetched apart');
};

/** Documents as a node gives them; `version` makes one of them another than was ranked. */
function documentsAt(version: (id: string) => string): { fetch: FetchDocuments; fetched: string[][] } {
  const fetched: string[][] = [];
  const fetch: FetchDocuments = async (search, ids) => {
    fetched.push([...ids]);
    const { view } = mergeOptions(search);
    return new Map(
      ids.map((id) => [id, hitOf(`{"id":${id},"_miroir_version":"${version(id)}","text":"${id}"}`, view)]),
    );
  };
  return { fetch, fetched };
}

describe('finding hits of a page far into the results', () => {
  const places = Array.from({ length: 400 }, (_, i) => [0, 1, 0, 1, 0, 1, 0, 2][i % 8] ?? 0);

  it('asks the nodes for places only, and then for the documents of the page', async () => {
    const { ask } = nodesWith(places);
    const { fetch, fetched } = documentsAt(() => 'v');
    const asked: PlannedSearch[] = [];
    const search = planned(20, 300);
    const noting: AskNodes = (one, round) => {
      asked.push(one);
      return ask(one, round);
    };
    const { hits, passed } = await findHits(noting, fetch, search);
    expect(asked.map(({ attributes }) => attributes.retrieve)).toEqual([[]]);
    expect(fetched).toEqual([Array.from({ length: 20 }, (_, i) => String(300 + i))]);
    expect(passed).toBe(300);
    const { view } = mergeOptions(search);
    expect(hits.map(({ hit: one }) => renderHit(one, view))).toEqual(
      fetched[0]?.map((id) => `{"id":${id},"text":"${id}"}`),
    );
  });

  it('asks for whole hits after all when a document is no longer what was ranked, or gone', async () => {
    const { ask, asked } = nodesWith(places);
    const changed = documentsAt((id) => (id === '310' ? 'w' : 'v'));
    const { hits, passed } = await findHits(ask, changed.fetch, planned(20, 300));
    expect(asked).toHaveLength(2);
    expect(passed).toBe(0);
    expect(hits.slice(300).map(({ id }) => Number(id))).toEqual(Array.from({ length: 20 }, (_, i) => 300 + i));
    expect(hits[310]?.hit.fields.map(({ key }) => key)).not.toContain('text');
    const gone: FetchDocuments = async () => new Map();
    expect((await findHits(ask, gone, planned(20, 300))).hits).toHaveLength(320);
  });

  it('fetches nothing for a page behind the last hit', async () => {
    const { ask } = nodesWith(places);
    expect(await findHits(ask, neverFetched, planned(20, 500))).toMatchObject({ hits: [], passed: 400 });
  });

  it('asks for whole hits where more than the document is shown', async () => {
    const search = planned(20, 300);
    for (const query of [{ showRankingScore: true }, { showMatchesPosition: true }, { sort: ['_geoPoint(1,2):asc'] }]) {
      const { ask } = nodesWith(places);
      const { hits } = await findHits(ask, neverFetched, { ...search, query: { ...search.query, ...query } });
      expect(hits).toHaveLength(320);
    }
  });
});

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
            const { hits, answers, missing } = await findHits(ask, neverFetched, planned(limit, offset));
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
    await findHits(even.ask, neverFetched, planned(20, 0));
    expect(even.asked).toEqual([[18, 15, 8]]);
    const odd = nodesWith(Array.from({ length: 200 }, () => 2));
    await findHits(odd.ask, neverFetched, planned(20, 0));
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
