import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import type { DocumentsQuery } from '../../../src/search/query.ts';
import { diff, parseAnswer } from '../../support/compare.ts';
import { products } from '../../support/corpus.ts';
import { rawHits, type ShardedFixture, startShardedFixture } from './shards.ts';

const corpus = products(1_200, 5);
let fixture: ShardedFixture;

beforeAll(async () => {
  fixture = await startShardedFixture();
  await fixture.load({
    ...corpus,
    uid: 'shop',
    copies: 2,
    settings: { ...corpus.settings, displayedAttributes: ['id'] },
  });
});

afterAll(async () => fixture?.stop());

const defaults: DocumentsQuery = {
  offset: 0,
  limit: 20,
  fields: null,
  retrieveVectors: false,
  filter: null,
  ids: null,
  sort: null,
};

const orError = async (read: () => Promise<{ json: string }>): Promise<string> => {
  try {
    return (await read()).json;
  } catch (error) {
    if (error instanceof ApiError) return JSON.stringify(error.toBody());
    throw error;
  }
};

async function oracle(body: Record<string, unknown>): Promise<string> {
  const request = { method: 'POST' as const, path: '/indexes/shop/documents/fetch', body: JSON.stringify(body) };
  return (await fixture.oracle.request(request)).text;
}

const ours = (body: Record<string, unknown>) =>
  orError(() => fixture.services().documents.list('shop', { ...defaults, ...body }));

describe('listing documents', () => {
  it.each([
    {},
    { offset: 1, limit: 7 },
    { offset: 600, limit: 50, fields: ['id'] },
    { offset: 1_190, limit: 50 },
    { offset: 5_000 },
    { limit: 0 },
    { fields: ['title', 'seller.address.zip'] },
    { fields: [] },
    { fields: ['*'] },
    { fields: ['_miroir_version', 'id'] },
    { retrieveVectors: true, limit: 2 },
    { filter: 'price > 500', fields: ['id'], offset: 3 },
    { filter: ['brand = Acme', ['stock < 100', 'color EXISTS']], fields: ['id'] },
    { filter: 'id IN [1, 2, 3, 40, 999999]' },
    { filter: 'nope = 1' },
    { filter: 'price >' },
    { filter: 5 },
    { filter: '_miroir_shard = "§"' },
    { ids: ['5', '3', 'p-16', '999999'] },
    { ids: [] },
    { ids: ['a b'] },
    { ids: ['5', '3'], filter: 'price > 1' },
    { sort: ['price:asc'], limit: 60 },
    { sort: ['price:desc'], fields: ['title'] },
    { sort: ['rating:desc', 'price:asc'], limit: 60 },
    { sort: ['brand:asc', 'stock:desc'], limit: 60, filter: 'stock > 10' },
    { sort: ['discount:asc'], limit: 400, fields: ['discount'] },
    { sort: ['discount:desc'], limit: 400, fields: ['id'] },
    { sort: ['title:asc'], fields: ['id'] },
    { sort: ['dimensions.width:desc', 'id:asc'], fields: ['dimensions.height'] },
    { sort: ['categories:asc'], limit: 200, fields: ['id'] },
    { sort: ['categories:desc'], limit: 200, fields: ['id'] },
    { sort: ['id:desc'] },
    { sort: ['_geoPoint(48.8566, 2.3522):asc'], limit: 50, fields: ['id'] },
    { sort: ['_geoPoint(48.8566, 2.3522):desc'], limit: 50, fields: ['id'] },
    { sort: ['nope:asc'] },
    { sort: ['price'] },
    { sort: ['_miroir_version:asc'] },
    { sort: [] },
  ])('%j', async (body) => {
    expect(diff(parseAnswer(await oracle(body)), parseAnswer(await ours(body)))).toEqual([]);
  });

  it('pages a sorted list without the repetition that one server has', async () => {
    const body = { sort: ['price:asc'], fields: ['id'] };
    const whole = rawHits(await ours({ ...body, limit: 30 }));
    const second = rawHits(await ours({ ...body, offset: 10, limit: 20 }));
    expect(second).toEqual(whole.slice(10));
  });

  it('still lists everything once while a node is down', async () => {
    const node = fixture.nodes.get('n0');
    await node?.stop('SIGKILL');
    try {
      expect(diff(parseAnswer(await oracle({ limit: 1_200 })), parseAnswer(await ours({ limit: 1_200 })))).toEqual([]);
    } finally {
      await node?.restart();
    }
  });
});

describe('getting one document', () => {
  it.each([
    ['5', null, ''],
    ['p-16', null, ''],
    ['999999', null, ''],
    ['a b%`', null, ''],
    ['5', ['title', 'seller.name'], '?fields=title,seller.name'],
    ['5', [], '?fields='],
    ['3', ['*'], '?fields=*'],
    ['7', ['_miroir_shard', 'id'], '?fields=_miroir_shard,id'],
  ] as const)('%s with fields %j', async (id, fields, parameters) => {
    const path = `/indexes/shop/documents/${encodeURIComponent(id)}${parameters}`;
    const expected = (await fixture.oracle.request({ method: 'GET', path })).text;
    const got = await orError(() =>
      fixture.services().documents.get('shop', id, fields === null ? null : [...fields], false),
    );
    expect(diff(parseAnswer(expected), parseAnswer(got))).toEqual([]);
  });

  it('keeps values as they are written', async () => {
    const position = corpus.documents.findIndex((document) => document.includes('"serial":90071992547'));
    const serial = /"serial":\d+/.exec(corpus.documents[position] ?? '')?.[0] ?? 'none';
    const id = String((JSON.parse(corpus.documents[position] ?? '{}') as { id: unknown }).id);
    expect((await fixture.services().documents.get('shop', id, null, false)).json).toContain(serial);
  });
});
