import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import type { SearchQuery } from '../../../src/search/query.ts';
import { diff, momentary, parseAnswer } from '../../support/compare.ts';
import { products } from '../../support/corpus.ts';
import { parseRaw, type Raw } from '../../support/raw-json.ts';
import { searchCases } from '../../support/requests.ts';
import { rankedHits } from '../../support/ties.ts';
import { searchQuery } from '../../unit/search/fixtures.ts';
import { anyCaller, rawHits, type ShardedFixture, startShardedFixture } from './shards.ts';

const corpus = products(1_500);
const hidden = ['id', 'title', 'seller.name', 'seller', 'dimensions.height', 'absent'];
const byCount = { maxValuesPerFacet: 5, sortFacetValuesBy: { '*': 'count' } };
let fixture: ShardedFixture;

beforeAll(async () => {
  fixture = await startShardedFixture();
  const { documents, settings, primaryKey } = corpus;
  await fixture.load({ uid: 'single', primaryKey, copies: 1, settings, documents });
  await fixture.load({ uid: 'double', primaryKey, copies: 2, settings, documents });
  await fixture.load({
    uid: 'hidden',
    primaryKey,
    copies: 2,
    settings: { ...settings, displayedAttributes: hidden, faceting: byCount, pagination: { maxTotalHits: 300 } },
    documents: documents.slice(0, 400),
  });
  await fixture.load({
    uid: 'groups',
    primaryKey,
    copies: 1,
    groups: [[0, 1], [2]],
    settings,
    documents: documents.slice(0, 300),
  });
});

afterAll(async () => fixture?.stop());

async function oracle(uid: string, body: Record<string, unknown>): Promise<string> {
  const { text } = await fixture.oracle.request({
    method: 'POST',
    path: `/indexes/${uid}/search`,
    body: JSON.stringify(body),
  });
  return text;
}

async function ours(uid: string, body: Record<string, unknown>, filter: string | null = null): Promise<string> {
  try {
    const query = searchQuery(body as Partial<SearchQuery>);
    return (await fixture.services().search.search(uid, query, anyCaller(filter))).json.toString();
  } catch (error) {
    if (error instanceof ApiError) return JSON.stringify(error.toBody());
    throw error;
  }
}

const ordered = (path: string) => path === '$' || path.startsWith('$.facetDistribution');

/** Spellings of one facet value may come from another document than on one node. */
const sameSpelling = (text: string) => text.replaceAll('"Red":', '"red":');

/** Totals that a single node only estimates: it has looked at fewer documents. */
function withoutEstimate(answer: Raw, body: Record<string, unknown>): Raw {
  if (answer instanceof Map && body.distinct !== undefined && body.page === undefined)
    answer.delete('estimatedTotalHits');
  return answer;
}

const differences = async (uid: string, body: Record<string, unknown>) =>
  diff(
    withoutEstimate(parseAnswer(sameSpelling(await oracle(uid, body))), body),
    withoutEstimate(parseAnswer(sameSpelling(await ours(uid, body))), body),
    { loose: momentary, ordered },
  );

describe('pages far into the results', () => {
  const bodies = [
    { q: '', offset: 200, limit: 20 },
    { q: '', offset: 640, limit: 300 },
    { q: '', offset: 950, limit: 100 },
    { q: '', page: 31, hitsPerPage: 25 },
    { q: '', offset: 300, limit: 40, filter: 'stock >= 0', facets: ['brand'] },
    { q: '', offset: 300, limit: 40, sort: ['price:desc'] },
    { q: '', offset: 300, limit: 5, showRankingScore: true },
    { q: 'a', offset: 210, limit: 30 },
    { q: '', offset: 1_600, limit: 20 },
  ];
  it.each(bodies)('are those of one server: %j', async (body) => {
    for (const uid of ['single', 'double']) expect(await differences(uid, body), uid).toEqual([]);
  });

  it.each([200, 640, 980])('show documents as a page that begins before them does (%i)', async (offset) => {
    const whole = rawHits(await ours('single', { q: '', offset: 0, limit: 1_000 }));
    expect(rawHits(await ours('single', { q: '', offset, limit: 20 }))).toEqual(whole.slice(offset, offset + 20));
  });
});

describe.each(['single', 'double', 'hidden', 'groups'])('searches of %s', (uid) => {
  it('answer like one server, class by class', async () => {
    const cases = searchCases(corpus, uid === 'double' ? 5 : 2, 31, 'all');
    const failed: string[] = [];
    for (const { category, body } of cases) {
      // which word is dropped first depends on the words of one node alone
      if (category === 'strategy frequency') continue;
      // ties of counts are in no order that follows from the documents
      if (uid === 'hidden' && category.includes('facets')) continue;
      const found = await differences(uid, body);
      if (found.length > 0) failed.push(`${category} ${JSON.stringify(body)}: ${JSON.stringify(found.slice(0, 2))}`);
    }
    // prefixes that many words of one node share are read differently (reference, 6.6): rare, and nothing can repair it
    expect(failed.length, failed.join('\n')).toBeLessThanOrEqual(Math.ceil(cases.length * 0.01));
  });
});

describe('particular searches', () => {
  it.each([
    { filter: 'nope = 1' },
    { filter: 'brand =' },
    { filter: '_miroir_shard = "§"' },
    { filter: ['price > 1', ['brand = Acme', 5]] },
    { filter: { a: 1 } },
    { filter: 'id = 5 AND nope = 1' },
    { filter: 'id IN [1, 2, 3, 77] AND price > 10', sort: ['price:desc'] },
    { sort: ['nope:asc'] },
    { sort: ['_miroir_version:asc'] },
    { facets: ['nope', 'brand'] },
    { facets: ['_miroir_shard'] },
    { distinct: '_miroir_version' },
    { attributesToSearchOn: ['_miroir_version'], q: 'x' },
    { attributesToRetrieve: ['_miroir_version', 'id'], attributesToHighlight: ['_miroir_shard'], q: 'the' },
    { vector: [0.1] },
    { hybrid: { embedder: 'default', semanticRatio: 0.5 }, q: 'the' },
    { distinct: 'variants.size', attributesToRetrieve: ['id'] },
    { q: 'the', sort: ['price:asc'], showRankingScoreDetails: true, showRankingScore: true },
    { sort: ['_geoPoint(48, 2):asc'], attributesToRetrieve: ['id', '_geo'], showRankingScoreDetails: true },
    { q: 'seller', attributesToCrop: ['*:2'], attributesToHighlight: ['seller.name'], showMatchesPosition: true },
    { facets: [] },
    { q: '   ' },
  ])('%j', async (body) => {
    expect(await differences('double', body)).toEqual([]);
    expect(await differences('hidden', body)).toEqual([]);
  });

  it('never shows a marker, whatever is asked', async () => {
    const bodies = [
      { facets: ['*'] },
      { q: 'the', attributesToHighlight: ['*'], attributesToCrop: ['*'], showMatchesPosition: true },
      { attributesToRetrieve: ['*'], showRankingScoreDetails: true, sort: ['price:asc'] },
    ];
    for (const body of bodies) expect(await ours('double', body)).not.toContain('_miroir');
  });

  it('adds the tenant’s filter to the client’s', async () => {
    const body = { filter: 'price > 100', attributesToRetrieve: ['id'] };
    const expected = await oracle('double', { ...body, filter: ['price > 100', 'brand = Acme'] });
    expect(
      diff(parseRaw(expected), parseRaw(await ours('double', body, 'brand = Acme')), { loose: momentary }),
    ).toEqual([]);
  });

  it('asks only the shards that a filter pins', async () => {
    const { search, counts } = fixture.services();
    await search.search('double', searchQuery({ filter: 'id = 42' }), anyCaller());
    await search.search('double', searchQuery({ q: 'the' }), anyCaller());
    expect(counts.fanOut).toEqual([1, 2]);
  });

  it('reports an unknown index', async () => {
    expect(JSON.parse(await ours('nope', {}))).toMatchObject({
      code: 'index_not_found',
      message: 'Index `nope` not found.',
    });
  });

  it('repeats and loses nothing from page to page', async () => {
    const ids: string[] = [];
    for (let offset = 0; offset < 300; offset += 20) {
      const body = { q: 'the', offset, limit: 20, attributesToRetrieve: ['id'], showRankingScoreDetails: true };
      ids.push(...rankedHits(await ours('double', body), 'id').map((hit) => hit.id));
    }
    expect(new Set(ids).size).toBe(300);
  });
});

describe('failures', () => {
  it('answers completely from other copies while a node is down', async () => {
    const node = fixture.nodes.get('n1');
    await node?.stop('SIGKILL');
    try {
      const body = { q: 'the', attributesToRetrieve: ['id'] };
      expect(await differences('double', body)).toEqual([]);
      expect(await differences('groups', body)).toEqual([]);
      const { missingShards, json } = await fixture.services().search.search('single', searchQuery(body), anyCaller());
      expect(missingShards.length).toBeGreaterThan(0);
      expect(JSON.parse(json.toString())).toHaveProperty('hits');
      const strict = fixture.services({ options: { unavailableShards: 'error' } }).search;
      await expect(strict.search('single', searchQuery(body), anyCaller())).rejects.toMatchObject({
        code: 'miroir_shard_unavailable',
      });
    } finally {
      await node?.restart();
    }
  });

  it('asks no stale copy', async () => {
    const { search, counts } = fixture.services({ view: { inSync: (_, __, node) => node !== 'n2' } });
    const answer = await search.search(
      'double',
      searchQuery({ limit: 1_000, attributesToRetrieve: ['id'] }),
      anyCaller(),
    );
    expect(JSON.parse(answer.json.toString())).toMatchObject({ estimatedTotalHits: 1_000 });
    expect(counts.fanOut).toEqual([2]);
    expect(answer.missingShards).toEqual([]);
  });
});
