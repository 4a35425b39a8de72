import { diffAnswers } from '../../support/compare.ts';
import type { Corpus } from '../../support/corpus.ts';
import { type RawRequest, type Server, send } from '../../support/http.ts';
import { field, parseRaw, printRaw, type Raw } from '../../support/raw-json.ts';
import type { Report } from '../../support/report.ts';

const get = (path: string): RawRequest => ({ method: 'GET', path });
const fetchBody = (uid: string, body: unknown): RawRequest => ({
  method: 'POST',
  path: `/indexes/${uid}/documents/fetch`,
  body: JSON.stringify(body),
});

/** Reads whose answer is the same text whatever the order of documents. */
function exactReads(uid: string): [string, RawRequest][] {
  const at = `/indexes/${uid}/documents`;
  const one: [string, RawRequest][] = [
    '0',
    '1',
    '42',
    'p-16',
    'p-33',
    '16',
    'nope',
    '00',
    '1.0',
    '-1',
    'a%20b',
    '%C3%A9',
    '99999999',
  ].map((id) => ['get one', get(`${at}/${id}`)]);
  const oneFields: [string, RawRequest][] = [
    'fields=id',
    'fields=title,seller.name',
    'fields=',
    'fields=*',
    'fields=nope',
    'retrieveVectors=true',
    'retrieveVectors=x',
    'foo=1',
  ].map((query) => ['get one fields', get(`${at}/42?${query}`)]);
  const sorted: [string, RawRequest][] = [
    { sort: ['id:asc'], limit: 7 },
    { sort: ['price:desc', 'id:asc'], limit: 15, filter: 'stock > 450' },
    { sort: ['brand:asc', 'id:desc'], fields: ['id', 'brand'], limit: 30 },
    { sort: ['discount:asc', 'id:asc'], fields: ['id', 'discount'], limit: 20 },
    { sort: ['nope:asc'] },
    { sort: ['price'] },
    { sort: 'price:asc' },
  ].map((body) => ['sorted', fetchBody(uid, body)]);
  const bad: [string, RawRequest][] = [
    ...[
      'limit=a',
      'offset=-1',
      'filter=nope%20%3D%201',
      'filter=brand%20%3D',
      'fields',
      'foo=1',
      'retrieveVectors=maybe',
      'sort=nope:asc',
    ].map((query) => get(`${at}?${query}`)),
    ...[
      { limit: 'a' },
      { limit: -1 },
      { fields: 'id' },
      { filter: 5 },
      { filter: 'sku = 1' },
      { filter: '_miroir_shard = 1' },
      { foo: 1 },
      { ids: 'a' },
      { ids: [true] },
      { retrieveVectors: 1 },
      [],
    ].map((body) => fetchBody(uid, body)),
    get('/indexes/nope/documents'),
    get('/indexes/nope/documents/1'),
    get('/indexes/b%20d/documents'),
    fetchBody('nope', {}),
    { method: 'POST', path: `${at}/fetch`, body: '{"limit":' },
    { method: 'POST', path: `${at}/fetch`, body: '' },
    { method: 'POST', path: `${at}/fetch`, body: '{}', headers: { 'content-type': 'text/plain' } },
  ].map((request) => ['refused', request as RawRequest]);
  return [...one, ...oneFields, ...sorted, ...bad];
}

/** Lists: same total, same echoed page, same documents over all pages; the order is Miroir's own. */
const lists: readonly Record<string, unknown>[] = [
  { limit: 1_000, fields: ['id'] },
  { limit: 333, filter: 'stock = 0' },
  { limit: 100, filter: 'brand = Acme AND inStock = true', fields: ['id', 'seller'] },
  { limit: 50, filter: [['color = red', 'color = black'], 'price > 500'] },
  { limit: 20, ids: [1, 'p-16', 42, 777777, '7'] },
  { limit: 2, ids: ['1', '2', '3', '4', '5'], fields: ['id', 'title'] },
  { limit: 10, ids: [] },
  { limit: 10, filter: 'price > 1000000' },
  { limit: 0 },
];

interface Listing {
  pages: { offset: Raw; limit: Raw; total: Raw; length: number }[];
  /** Canonical text of each document, in byte order. */
  documents: string[];
}

async function listAll(server: Server, uid: string, body: Record<string, unknown>): Promise<Listing> {
  const listing: Listing = { pages: [], documents: [] };
  const limit = Number(body.limit);
  for (let offset = 0; ; offset += limit) {
    const answer = await send(server, fetchBody(uid, { ...body, offset }));
    const parsed = parseRaw(answer.text);
    const results = field(parsed, 'results');
    if (answer.status !== 200 || !Array.isArray(results))
      throw new Error(`list answered ${answer.status}: ${answer.text}`);
    const [at, size, total] = ['offset', 'limit', 'total'].map((key) => field(parsed, key) ?? null);
    listing.pages.push({ offset: at ?? null, limit: size ?? null, total: total ?? null, length: results.length });
    listing.documents.push(...results.map((document) => printRaw(document, true)));
    if (results.length < limit || limit === 0) {
      listing.documents.sort();
      return listing;
    }
  }
}

const describeListing = (listing: Listing) => ({
  pages: listing.pages
    .map(
      (page) => `${[page.offset, page.limit, page.total].map((value) => printRaw(value)).join('/')} (${page.length})`,
    )
    .join(' '),
});

async function compareList(
  oracle: Server,
  subject: Server,
  uid: string,
  body: Record<string, unknown>,
  report: Report,
): Promise<void> {
  const [expected, got] = await Promise.all([listAll(oracle, uid, body), listAll(subject, uid, body)]);
  const differences = [];
  const pages = [describeListing(expected).pages, describeListing(got).pages] as const;
  if (pages[0] !== pages[1])
    differences.push({ path: 'pages', expected: pages[0].slice(0, 200), got: pages[1].slice(0, 200) });
  const at = expected.documents.findIndex((document, i) => document !== got.documents[i]);
  if (at !== -1) {
    differences.push({
      path: `documents[${at}]`,
      expected: (expected.documents[at] ?? '').slice(0, 300),
      got: (got.documents[at] ?? '').slice(0, 300),
    });
  }
  report.add('list', JSON.stringify(body), differences);
}

/** Two servers may print the fields of a document in different orders: they saw them first in different orders. */
const inAnyKeyOrder = { ordered: () => false };

/** Every way of reading documents of a loaded shop. */
export async function compareDocuments(oracle: Server, subject: Server, corpus: Corpus, report: Report): Promise<void> {
  for (const [category, request] of exactReads(corpus.uid)) {
    const [expected, got] = await Promise.all([send(oracle, request), send(subject, request)]);
    report.add(
      category,
      `${request.method} ${request.path} ${request.body ?? ''}`,
      diffAnswers(expected, got, inAnyKeyOrder),
    );
  }
  for (const body of lists) await compareList(oracle, subject, corpus.uid, body, report);
}
