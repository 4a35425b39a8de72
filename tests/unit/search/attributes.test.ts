import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchAttributes } from '../../../src/search/attributes.ts';
import { disguise, disguiseFilter, reveal } from '../../../src/search/disguise.ts';
import { joinFilters, nodeSearchBody, nodeSearchParameters, withShards } from '../../../src/search/node-request.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { searchQuery } from './fixtures.ts';

describe('searchAttributes', () => {
  it('asks for everything when nothing is hidden and nothing chosen', () => {
    expect(searchAttributes(searchQuery(), null)).toEqual({
      retrieve: null,
      highlight: null,
      crop: null,
      visible: { retrieve: null, formatted: null, displayed: null },
    });
  });

  it('takes a field for displayed only under exactly the listed name', () => {
    const query = searchQuery({
      attributesToRetrieve: ['nest', 'id', 'price'],
      attributesToHighlight: ['nest.a', 'x'],
    });
    const { retrieve, highlight, visible } = searchAttributes(query, ['id', 'nest.a']);
    expect(retrieve).toEqual(['id']);
    expect(highlight).toEqual(['nest.a']);
    expect(visible.formatted).toEqual(['id', 'nest.a']);
  });

  it('spells `*` out where fields are hidden, with the crop length', () => {
    const query = searchQuery({ attributesToCrop: ['*:5', 'id'], attributesToHighlight: ['*'] });
    const { crop, highlight } = searchAttributes(query, ['id', 'title']);
    expect(crop).toEqual(['id:5', 'title:5', 'id']);
    expect(highlight).toEqual(['id', 'title']);
  });

  it('never asks for Miroir’s own fields', () => {
    const own = ['_miroir_shard', '_miroir_version', 'id'];
    const query = searchQuery({ attributesToRetrieve: own, attributesToHighlight: own, attributesToCrop: own });
    const { retrieve, highlight, crop } = searchAttributes(query, own);
    expect([retrieve, highlight, crop]).toEqual([['id'], ['id'], ['id']]);
  });
});

describe('node requests', () => {
  it('adds the shards to a filter of any form and leaves a wrong one to the node', () => {
    const shard = withShards(null, [1]);
    expect(withShards('a = 1', [1])).toEqual(['a = 1', shard]);
    expect(withShards(['a = 1', ['b = 2', 'c = 3']], [1])).toEqual(['a = 1', ['b = 2', 'c = 3'], shard]);
    expect(withShards(5, [1])).toBe(5);
  });

  it('joins two filters as lists, the first one first', () => {
    expect(joinFilters(null, 'b')).toBe('b');
    expect(joinFilters('a', null)).toBe('a');
    expect(joinFilters('a', [['b', 'c']])).toEqual(['a', ['b', 'c']]);
  });

  it('spells names of Miroir’s fields so that no document has them, and back', () => {
    expect(disguise('_miroir_shard')).not.toBe('_miroir_shard');
    expect(disguise('_miroir_shard')).toHaveLength('_miroir_shard'.length);
    expect(reveal(disguise('x _miroir_shard = _miroir_version'))).toBe('x _miroir_shard = _miroir_version');
    expect(disguiseFilter([['_miroir_a = 1'], 7])).toEqual([[disguise('_miroir_a = 1')], 7]);
  });

  it('asks in the client’s mode, leaves the shard filter out for a whole node, and counts by shard with facets', () => {
    const query = searchQuery({ q: 'a', page: 3, hitsPerPage: 10, facets: ['x'], filter: 'x = 1' });
    const body = nodeSearchBody({
      query,
      filter: query.filter,
      attributes: searchAttributes(query, null),
      window: { paged: true, offset: 20, limit: 10, reach: 30 },
      extras: ['_miroir_version'],
      retrieveVectors: false,
      countedFields: [],
    });
    const whole = JSON.parse(body([0, 1], true)) as Record<string, unknown>;
    expect(whole).toMatchObject({ page: 1, hitsPerPage: 30, filter: 'x = 1', facets: ['x', '_miroir_shard'] });
    expect(whole).not.toHaveProperty('limit');
    expect(whole).not.toHaveProperty('attributesToRetrieve');
    expect(JSON.parse(body([0, 1], false))).toMatchObject({ filter: ['x = 1', withShards(null, [0, 1])] });
  });

  it('writes as a body what it gives as an object, whatever the filter', () => {
    const text = fc.string({ unit: 'grapheme' });
    const filter = fc.oneof(fc.constant(null), text, fc.nat(), fc.array(fc.oneof(text, fc.array(text), fc.nat())));
    fc.assert(
      fc.property(filter, fc.boolean(), fc.boolean(), fc.nat(50), (filter, paged, whole, reach) => {
        const query = searchQuery({ q: 'a' });
        const window = { paged, offset: 0, limit: 20, reach: 20 };
        const attributes = searchAttributes(query, null);
        const common = { query, filter, window, attributes, extras: [], retrieveVectors: false, countedFields: [] };
        const shards = [3, 5, 8];
        const body = nodeSearchBody(common)(shards, whole, reach);
        expect(JSON.parse(body)).toEqual(nodeSearchParameters(common)(shards, whole, reach));
      }),
      { seed: 51, numRuns: 500 },
    );
  });
});

describe('parseReadSettings', () => {
  it('knows Meilisearch’s defaults', () => {
    const settings = parseReadSettings(null);
    expect(settings).toMatchObject({ displayed: null, distinct: null, maxValuesPerFacet: 100, maxTotalHits: 1000 });
    expect(settings.facetOrder('x')).toBe('alpha');
    expect(settings.isFilterable('x')).toBe(false);
  });

  it('reads what was set', () => {
    const settings = parseReadSettings(
      JSON.stringify({
        displayedAttributes: ['a'],
        distinctAttribute: 'sku',
        filterableAttributes: ['nest', { attributePatterns: ['p*', '*_id'] }],
        faceting: { maxValuesPerFacet: 7, sortFacetValuesBy: { '*': 'count', b: 'alpha' } },
        pagination: { maxTotalHits: 50 },
      }),
    );
    expect(settings).toMatchObject({ displayed: ['a'], distinct: 'sku', maxValuesPerFacet: 7, maxTotalHits: 50 });
    expect([settings.facetOrder('b'), settings.facetOrder('c')]).toEqual(['alpha', 'count']);
    expect(['nest.a', 'price', 'x_id', 'nes'].map(settings.isFilterable)).toEqual([true, true, true, false]);
  });
});
