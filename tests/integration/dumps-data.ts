import { type Server, sendJson, write } from '../support/http.ts';

/** Documents whose text must survive every way through a dump: numbers that no double holds, escapes, order of fields. */
function oddDocuments(): string[] {
  return [
    '{"id":"odd-1","big":9007199254740993,"one":1.0,"exp":1e5,"tiny":-0.0,"zeta":1,"alpha":2}',
    '{"id":"odd-2","title":"h\\u00e9llo \\ud83d\\ude00 \\"quoted\\" \\\\ /","lines":"a\\nb\\u2028c","empty":{},"list":[]}',
    '{"id":"odd-3","nested":{"deep":[{"x":[1,2,{"y":null}]}]},"bool":true,"nothing":null}',
  ];
}

/** The documents of the index `books`. */
export function books(count: number): string[] {
  const plain = Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      id: `b-${i}`,
      title: `Book ${i} ${['whale', 'raven', 'castle', 'river'][i % 4]}`,
      year: 1900 + (i % 120),
      genres: [`g${i % 7}`, `h${i % 3}`],
    }),
  );
  return [...plain, ...oddDocuments()];
}

/** The documents of the index `shapes`, with embeddings of their own in every form that is accepted. */
function shapes(): string[] {
  return Array.from({ length: 60 }, (_, i) => {
    const own = [i / 60, 1 - i / 60, 0.25];
    const forms = [
      JSON.stringify(own),
      JSON.stringify({ embeddings: [own, [1, 0, 0]], regenerate: false }),
      'null',
      JSON.stringify({ embeddings: own, regenerate: false }),
    ];
    return `{"shape":${i},"name":"shape ${i}","_vectors":{"own":${forms[i % 4]},"other":[${i},1]}}`;
  });
}

const bookSettings = {
  displayedAttributes: ['id', 'title', 'year', 'genres', 'big'],
  searchableAttributes: ['title', 'genres'],
  filterableAttributes: [
    'year',
    { attributePatterns: ['gen*'], features: { facetSearch: true, filter: { equality: true, comparison: false } } },
  ],
  sortableAttributes: ['year'],
  rankingRules: ['words', 'sort', 'typo', 'proximity', 'attribute', 'exactness', 'year:desc'],
  stopWords: ['the', 'a'],
  nonSeparatorTokens: ['@'],
  separatorTokens: ['&sep'],
  dictionary: ['J. R. R.'],
  synonyms: { whale: ['cetacean'], raven: ['crow', 'corvid'] },
  distinctAttribute: null,
  proximityPrecision: 'byAttribute',
  typoTolerance: { minWordSizeForTypos: { oneTypo: 4, twoTypos: 8 }, disableOnWords: ['whale'] },
  faceting: { maxValuesPerFacet: 42, sortFacetValuesBy: { '*': 'count' } },
  pagination: { maxTotalHits: 777 },
  searchCutoffMs: 1500,
  localizedAttributes: [{ attributePatterns: ['title'], locales: ['eng'] }],
  facetSearch: true,
  prefixSearch: 'indexingTime',
};

const secretEmbedder = {
  source: 'rest',
  url: 'http://127.0.0.1:9/',
  apiKey: 'a-secret-of-more-than-thirty-characters',
  dimensions: 2,
  request: '{{text}}',
  response: '{{embedding}}',
};

async function add(server: Server, path: string, documents: readonly string[]): Promise<void> {
  for (let i = 0; i < documents.length; i += 100) {
    const body = `[${documents.slice(i, i + 100).join(',')}]`;
    await write(server, { method: 'POST', path, body });
  }
}

const patch = (server: Server, path: string, body: unknown) =>
  write(server, { method: 'PATCH', path, body: JSON.stringify(body) });

/** Fill a server with everything that a dump can hold: two full indexes, an empty one, failed tasks, deletions. */
export async function fill(server: Server, bookCount = 300): Promise<void> {
  await write(server, { method: 'POST', path: '/indexes', body: '{"uid":"books","primaryKey":"id"}' });
  await patch(server, '/indexes/books/settings', bookSettings);
  await add(server, '/indexes/books/documents', books(bookCount));
  await write(server, {
    method: 'PUT',
    path: '/indexes/books/documents',
    body: '[{"id":"b-7","added":"later"},{"id":"b-3","year":1}]',
  });
  await write(server, { method: 'POST', path: '/indexes/books/documents/delete-batch', body: '["b-11","b-12"]' });
  await write(server, { method: 'POST', path: '/indexes/books/documents/delete', body: '{"filter":"year = 1913"}' });
  await patch(server, '/indexes/shapes/settings', {
    embedders: { own: { source: 'userProvided', dimensions: 3 } },
  });
  await add(server, '/indexes/shapes/documents?primaryKey=shape', shapes());
  await write(server, { method: 'POST', path: '/indexes', body: '{"uid":"empty"}' });
  await patch(server, '/indexes/empty/settings', { embedders: { remote: secretEmbedder } });
}

/** Two keys of fixed uid, so that their values are known everywhere. */
export const keys = [
  {
    uid: '6062abda-a5aa-4414-ac91-ecd7944c0f8d',
    name: 'reader',
    description: 'may search books',
    actions: ['search'],
    indexes: ['books'],
    expiresAt: null,
  },
  {
    uid: 'bb8f3d0e-6f3b-4a1e-9d5c-0a3f5f1d2c3b',
    actions: ['documents.*', 'tasks.get'],
    indexes: ['*'],
    expiresAt: '2042-04-02T00:42:42Z',
  },
];

/** Create the keys. */
export async function createKeys(server: Server): Promise<void> {
  for (const key of keys) await sendJson(server, 'POST', '/keys', key);
}
