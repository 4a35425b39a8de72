import { type Server, write } from '../support/http.ts';
import { createRng } from '../support/rng.ts';

const colours = ['Red', 'blue', 'green', 'Rose', 'rouge', 'réd'];
const paints = Array.from({ length: 120 }, (_, id) => ({
  id,
  colour: colours[id % 6],
  shade: `tone ${id % 17}`,
  price: id % 4,
  title: `paint ${id} of ${colours[(id * 7) % 6]}`,
  _geo: { lat: id % 50, lng: id % 70 },
  ...(id === 7 ? { _federation: 'mine', extra: 1 } : {}),
}));
const rng = createRng(5);
const vectors = Array.from({ length: 40 }, (_, id) => ({
  id,
  group: id % 3,
  text: `word${id % 5} thing ${id}`,
  _vectors: { e: id === 39 ? null : [rng.next(), rng.next(), rng.next()] },
}));

/** Fills a server with indexes of different settings. */
export async function load(server: Server): Promise<void> {
  const put = (method: 'POST' | 'PATCH', path: string, body: unknown) =>
    write(server, { method, path, body: JSON.stringify(body) });
  await put('PATCH', '/indexes/paints/settings', {
    filterableAttributes: ['colour', 'shade', 'price', 'id'],
    sortableAttributes: ['price', 'id', 'shade', '_geo'],
  });
  await put('POST', '/indexes/paints/documents', paints);
  await put('PATCH', '/indexes/counted/settings', {
    filterableAttributes: ['shade', 'price'],
    displayedAttributes: ['id', 'shade'],
    sortableAttributes: ['price'],
    pagination: { maxTotalHits: 7 },
    faceting: { maxValuesPerFacet: 5, sortFacetValuesBy: { '*': 'count', price: 'alpha' } },
  });
  await put('POST', '/indexes/counted/documents?primaryKey=id', paints.slice(0, 100));
  await put('PATCH', '/indexes/custom/settings', {
    rankingRules: ['typo', 'price:desc', 'words', 'sort', 'exactness', 'proximity', 'attribute'],
    sortableAttributes: ['price', 'id', '_geo'],
  });
  await put('POST', '/indexes/custom/documents?primaryKey=id', paints.slice(0, 30));
  await put('PATCH', '/indexes/vectors/settings', {
    filterableAttributes: ['group'],
    sortableAttributes: ['group'],
    embedders: { e: { source: 'userProvided', dimensions: 3 } },
  });
  await put('POST', '/indexes/vectors/documents', vectors);
  await put('POST', '/indexes', { uid: 'empty' });
}
