import type { ValueRow } from '../../src/docs/compatibility-administration.ts';
import type { ParameterArea, ParameterRow } from '../../src/docs/compatibility-parameters.ts';
import type { RouteRow } from '../../src/docs/compatibility-routes.ts';
import type { RawRequest, Server } from '../support/http.ts';
import { send, sendJson } from '../support/http.ts';

/** What a route gets when nothing special is meant; a route that is not here gets no body. */
const bodies: Record<string, unknown> = {
  'POST /indexes': { uid: 'made', primaryKey: 'id' },
  'PATCH /indexes/{uid}': { primaryKey: 'id' },
  'POST /indexes/{uid}/search': {},
  'POST /indexes/{uid}/facet-search': { facetName: 'genre' },
  'POST /indexes/{uid}/similar': { id: '1', embedder: 'manual' },
  'POST /multi-search': { queries: [{ indexUid: 'films', q: 'night' }] },
  'POST /indexes/{uid}/documents/fetch': {},
  'POST /indexes/{uid}/documents': [{ id: 1, title: 'Night on the sea' }],
  'PUT /indexes/{uid}/documents': [{ id: 1, title: 'Night on the sea' }],
  'POST /indexes/{uid}/documents/delete-batch': [77],
  'POST /indexes/{uid}/documents/delete': { filter: 'year > 3000' },
  'POST /indexes/{uid}/documents/edit': { function: 'doc.year += 1' },
  'PATCH /indexes/{uid}/settings': { stopWords: ['the'] },
  'POST /swap-indexes': [{ indexes: ['films', 'others'] }],
  'POST /keys': { actions: ['search'], indexes: ['*'], expiresAt: null },
  'PATCH /keys/{key}': { name: 'renamed' },
  // Covers no index, so that nobody waits for a target that is not there.
  'POST /export': { url: 'http://127.0.0.1:9', indexes: { 'none*': {} } },
  'PATCH /experimental-features': {},
  'PATCH /network': {},
  'POST /webhooks': { url: 'http://127.0.0.1:9/' },
  'PATCH /webhooks/{uuid}': { url: 'http://127.0.0.1:9/other' },
  'POST /logs/stream': { target: 'error' },
  'POST /logs/stderr': { target: 'error' },
  'PATCH /chats/{workspace}/settings': {},
  'POST /chats/{workspace}/chat/completions': {},
};

const queries: Record<string, string> = {
  'GET /indexes/{uid}/similar': '?id=1&embedder=manual',
  'POST /tasks/cancel': '?uids=0',
  'DELETE /tasks': '?uids=4000000',
};

/** Objects that parameters inside them are added to; anywhere else an empty one is. */
const federated = { federation: {}, queries: [{ indexUid: 'films', q: 'night' }] };

const parts: Record<string, string> = {
  '{uid}': 'films',
  '{id}': '1',
  '{key}': '00000000-0000-4000-8000-000000000001',
  '{uuid}': '00000000-0000-4000-8000-000000000002',
  '{workspace}': 'films',
};

function address(path: string): string {
  const concrete = path.startsWith('/tasks') || path.startsWith('/batches') ? path.replace('{uid}', '0') : path;
  return concrete.replace(/\{\w+\}/g, (part) => parts[part] ?? part);
}

function request(method: RawRequest['method'], path: string, body?: unknown): RawRequest {
  return { method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** A request that a route can serve. */
export function routeRequest({ method, path }: Pick<RouteRow, 'method' | 'path'>): RawRequest {
  const name = `${method} ${path}`;
  return request(method, address(path) + (queries[name] ?? ''), bodies[name]);
}

/** The request that shows a value or a header. */
export function valueRequest({ method, path, body, headers }: ValueRow): RawRequest {
  const plain = request(method, address(path), body ?? bodies[`${method} ${path}`]);
  return headers === undefined ? plain : { ...plain, headers };
}

function placed(area: ParameterArea, body: unknown, values: Record<string, unknown>): unknown {
  const copy = structuredClone(body);
  let at = copy as Record<string | number, unknown>;
  for (const key of area.inside) {
    at[key] ??= {};
    at = at[key] as Record<string | number, unknown>;
  }
  Object.assign(at, values);
  return copy;
}

/** What an embedder needs to be one; others would ask services that are not there. */
const embedder = { source: 'userProvided', dimensions: 2 };

/** A change of a part of the settings, on an index of its own: nodes fail all changes of an index that they batch with a bad one. */
function partialSettings(area: ParameterArea, values: Record<string, unknown>): RawRequest {
  const all = area.inside[0] === 'embedders' ? { ...embedder, ...values } : values;
  return request(area.method, `/indexes/with-${Object.keys(values)[0]}/settings`, placed(area, {}, all));
}

/** The request of an area's route with these parameters set in their place. */
export function parameterRequest(area: ParameterArea, values: Record<string, unknown>): RawRequest {
  if (area.path.endsWith('/settings')) return partialSettings(area, values);
  const plain = routeRequest(area);
  if (area.where === 'query') {
    const [path = '', query = ''] = plain.path.split('?');
    const parameters = new URLSearchParams(query);
    for (const [name, value] of Object.entries(values)) parameters.set(name, String(value));
    return { ...plain, path: `${path}?${parameters}` };
  }
  const inFederation = area.inside.includes('federation') || area.inside.includes('federationOptions');
  const body = inFederation ? federated : (bodies[`${area.method} ${area.path}`] ?? {});
  return request(area.method, address(area.path), placed(area, body, values));
}

const semantic = { q: 'night', vector: [0.5, 0.5] };
const semanticInQuery = { q: 'night', vector: '0.5,0.5', hybridEmbedder: 'manual' };

/** What a parameter needs beside it to have its meaning. */
const companions: Record<string, Record<string, unknown>> = {
  hybrid: semantic,
  hybridEmbedder: semanticInQuery,
  hybridSemanticRatio: semanticInQuery,
};

/** The value of one parameter with those that it needs beside it. */
export function withCompanions({ name, example }: ParameterRow): Record<string, unknown> {
  return { ...companions[name], [name]: example };
}

const films = [
  { id: 1, title: 'Night on the sea', genre: 'sea', year: 1999, _vectors: { manual: [0.1, 0.9] } },
  { id: 2, title: 'A day on land', genre: 'land', year: 2005, _vectors: { manual: [0.8, 0.2] } },
  { id: 3, title: 'The sea by night', genre: 'sea', year: 2015, _vectors: { manual: [0.4, 0.5] } },
];

async function taskEnded(server: Server, uid: number): Promise<void> {
  for (;;) {
    const task = await sendJson<{ status: string; error: unknown }>(server, 'GET', `/tasks/${uid}`);
    if (task.status === 'succeeded') return;
    if (task.status === 'failed') throw new Error(`task ${uid} failed: ${JSON.stringify(task.error)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Puts everything on a server that the requests need: an index with an embedder, a second one, the key. */
export async function furnish(server: Server): Promise<void> {
  const settings = {
    filterableAttributes: ['year', 'genre'],
    sortableAttributes: ['year'],
    embedders: { manual: { source: 'userProvided', dimensions: 2 } },
  };
  for (const [method, path, body] of [
    ['PATCH', '/indexes/films/settings', settings],
    ['POST', '/indexes/films/documents', films],
    ['POST', '/indexes/others/documents', [{ id: 1 }]],
  ] as const) {
    const { taskUid } = await sendJson<{ taskUid: number }>(server, method, path, body);
    await taskEnded(server, taskUid);
  }
  const key = { uid: parts['{key}'], actions: ['search'], indexes: ['*'], expiresAt: null };
  await sendJson(server, 'POST', '/keys', key);
}

/** What a server made of a request: its status and the code of its error. */
export async function outcome(server: Server, raw: RawRequest): Promise<{ status: number; code: string | null }> {
  const { status, text } = await send(server, raw);
  const parsed: unknown = status >= 400 && text.startsWith('{') ? JSON.parse(text) : null;
  const code = parsed !== null && typeof parsed === 'object' && 'code' in parsed ? String(parsed.code) : null;
  return { status, code };
}

/** The names that a server lists when it refuses an unknown one. */
export async function listedNames(server: Server, raw: RawRequest): Promise<string[]> {
  const { text } = await send(server, raw);
  const { message } = JSON.parse(text) as { message: string };
  const list = message.slice(message.indexOf('expected one of') + 'expected one of'.length);
  return [...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
}
