import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { shardField, versionField, versionMarker } from '../src/documents/markers.ts';

/**
 * Nodes that answer every search from memory with hits of a given size, so that what is measured in front of them is the
 * caller's own work. Started as one process: `canned-nodes <count> <bytes per hit>`; prints their addresses as JSON. Besides
 * searches they know just enough for Miroir to create an index: health, version, and tasks that have always succeeded.
 */
const [count = 1, hitBytes = 1_000] = process.argv.slice(2).map(Number);

interface NodeSearch {
  offset?: number;
  limit?: number;
  page?: number;
  hitsPerPage?: number;
  facets?: string[] | null;
  showRankingScoreDetails?: boolean;
  attributesToRetrieve?: string[] | null;
  attributesToHighlight?: string[] | null;
  /** Documents asked for by their ids. */
  ids?: string[];
}

const words = 'a search engine in the shop window shows every product that visitors may want to see today'.split(' ');
const text = (length: number) => {
  let out = '';
  for (let i = 0; out.length < length; i++) out += `${words[(i * 7) % words.length]} `;
  return out.slice(0, length);
};

/** Fields as a shop's product has them; the text makes up the size. */
function product(id: number): Record<string, unknown> {
  const small = {
    id,
    title: `Product ${id} of the "series" ${id % 17}`,
    price: (id % 997) + 0.5,
    stock: id % 31,
    brand: `Brand ${id % 40}`,
    tags: ['new', 'sale', 'été'].slice(0, id % 4),
    size: { width: id % 90, height: id % 70 },
  };
  const room = Math.max(0, hitBytes - JSON.stringify(small).length - 120);
  const paragraphs = Math.max(1, Math.ceil(room / 2_000));
  const description = Array.from({ length: paragraphs }, () => text(Math.floor(room / paragraphs)));
  return {
    ...small,
    description,
    [shardField]: '§§§§§§§§§§§¶',
    [versionField]: versionMarker((1_700_000_000_000n << 12n) + BigInt(id)),
  };
}

/** A document as it is highlighted: numbers become texts, too. */
function formatted(document: Record<string, unknown>): unknown {
  const json = JSON.stringify(document, (_, value) => (typeof value === 'number' ? String(value) : value));
  return JSON.parse(json.replaceAll('shop', '<em>shop</em>'));
}

const details = (rank: number) => ({
  words: { order: 0, matchingWords: 1, maxMatchingWords: 1, score: 1 },
  typo: { order: 1, typoCount: rank >> 3, maxTypoCount: 2, score: 1 - (rank >> 3) / 300 },
  proximity: { order: 2, score: 1 },
  attribute: { order: 3, attributeRankingOrderScore: 0.9, queryWordDistanceScore: 0.9, score: 0.9 },
  exactness: { order: 4, matchType: 'noExactMatch', matchingWords: 0, maxMatchingWords: 1, score: 0.33 },
});

function answer(node: number, search: NodeSearch): Buffer {
  if (search.ids !== undefined) {
    const results = search.ids.map((id) => product(Number(id)));
    return Buffer.from(JSON.stringify({ results, offset: 0, limit: results.length, total: results.length }));
  }
  const limit = search.hitsPerPage ?? search.limit ?? 20;
  const offset = search.page === undefined ? (search.offset ?? 0) : (search.page - 1) * limit;
  const only = search.attributesToRetrieve ?? null;
  const hits = Array.from({ length: Math.min(limit, 1_000 - offset) }, (_, i) => {
    const document = product((offset + i) * count + node);
    const shown = only === null ? document : Object.fromEntries(only.map((field) => [field, document[field]]));
    const added = search.attributesToHighlight ? { _formatted: formatted(shown) } : {};
    const ranked = search.showRankingScoreDetails ? { _rankingScoreDetails: details(offset + i) } : {};
    return { ...shown, ...added, ...ranked };
  });
  // alphabetically, as nodes are asked to list them
  const places = Array.from({ length: 100 }, (_, i) => String(i)).sort();
  const facets = Object.fromEntries(
    (search.facets ?? []).map((field) => [
      field,
      field === shardField
        ? { '§§§§§§§§§§§¶': 5_000 }
        : Object.fromEntries(places.map((i) => [`${field} value ${i}`, 50 + ((Number(i) * 13) % 40)])),
    ]),
  );
  const counted = search.facets ? { facetDistribution: facets, facetStats: {} } : {};
  const totals =
    search.page === undefined
      ? { limit, offset, estimatedTotalHits: 5_000 }
      : { hitsPerPage: limit, page: search.page, totalPages: 1, totalHits: 5_000 };
  return Buffer.from(JSON.stringify({ hits, query: 'product', processingTimeMs: 0, ...totals, ...counted }));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function start(node: number): Promise<string> {
  const tasks: Record<string, unknown>[] = [];
  const indexes: { uid: string; primaryKey: string | null; createdAt: string; updatedAt: string }[] = [];
  const answers = new Map<string, Buffer>();
  const other = (method: string, url: URL, body: string): [number, unknown] => {
    const [, area = '', uid = ''] = url.pathname.split('/');
    if (area === 'health') return [200, { status: 'available' }];
    if (area === 'version') return [200, { commitSha: '', commitDate: '', pkgVersion: '1.21.0' }];
    if (area === 'tasks' && uid !== '') return [200, tasks[Number(uid)]];
    if (area === 'tasks') {
      const uids = url.searchParams.get('uids')?.split(',').map(Number);
      const from = Number(url.searchParams.get('from') ?? tasks.length);
      const found = tasks.filter(({ uid: one }) => (uids?.includes(one as number) ?? true) && (one as number) <= from);
      const results = found.reverse().slice(0, 1_000);
      return [200, { results, total: results.length, limit: 1_000, from: results[0]?.uid ?? null, next: null }];
    }
    if (area !== 'indexes') return [200, {}];
    if (method === 'GET') return [200, { results: indexes, offset: 0, limit: 1_000, total: indexes.length }];
    const at = new Date().toISOString();
    const type = uid === '' ? 'indexCreation' : 'settingsUpdate';
    const created = uid === '' ? (JSON.parse(body) as { uid: string; primaryKey?: string }) : null;
    const indexUid = created?.uid ?? uid;
    if (created !== null) {
      indexes.push({ uid: indexUid, primaryKey: created.primaryKey ?? null, createdAt: at, updatedAt: at });
    }
    const task = {
      uid: tasks.length,
      batchUid: tasks.length,
      indexUid,
      type,
      canceledBy: null,
      details: {},
      error: null,
    };
    const times = { duration: 'PT0.01S', enqueuedAt: at, startedAt: at, finishedAt: at };
    tasks.push({ ...task, status: 'succeeded', ...times });
    return [202, { taskUid: task.uid, indexUid, status: 'enqueued', type, enqueuedAt: at }];
  };
  const server = createServer(async (request, response) => {
    const body = await read(request);
    let bytes: Buffer | undefined;
    let status = 200;
    if (/\/(search|documents\/fetch)$/.test(request.url ?? '')) {
      bytes = answers.get(body);
      if (bytes === undefined) {
        bytes = answer(node, JSON.parse(body) as NodeSearch);
        answers.set(body, bytes);
      }
    } else {
      const [code, value] = other(request.method ?? 'GET', new URL(request.url ?? '/', 'http://node'), body);
      status = code;
      bytes = Buffer.from(JSON.stringify(value));
    }
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
  // sides take turns, and connections wait for theirs
  server.keepAliveTimeout = 600_000;
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}

console.info(JSON.stringify(await Promise.all(Array.from({ length: count }, (_, i) => start(i)))));
