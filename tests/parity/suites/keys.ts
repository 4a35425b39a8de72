import { createHmac } from 'node:crypto';
import { diffAnswers, momentary } from '../../support/compare.ts';
import { type RawRequest, type Server, send } from '../../support/http.ts';
import type { Report } from '../../support/report.ts';

const uid = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const json = (method: RawRequest['method'], path: string, body: unknown): RawRequest => ({
  method,
  path,
  body: JSON.stringify(body),
});
const plain = (method: RawRequest['method'], path: string): RawRequest => ({ method, path });

/** The value that Meilisearch derives for a key. */
export const keyValue = (masterKey: string, keyUid: string) =>
  createHmac('sha256', masterKey).update(keyUid).digest('hex');

const manage: readonly RawRequest[] = [
  json('POST', '/keys', {
    uid: uid(1),
    name: 'search m',
    description: 'd',
    actions: ['search'],
    indexes: ['m*'],
    expiresAt: null,
  }),
  json('POST', '/keys', { uid: uid(1), actions: ['search'], indexes: ['*'], expiresAt: null }),
  json('POST', '/keys', {
    uid: uid(2),
    actions: ['documents.*', 'indexes.get'],
    indexes: ['m'],
    expiresAt: '2099-01-01',
  }),
  json('POST', '/keys', { uid: uid(3), actions: ['*.get'], indexes: ['*'], expiresAt: '2099-01-01T10:00:00Z' }),
  json('POST', '/keys', { uid: uid(4), actions: ['*'], indexes: ['other'], expiresAt: null }),
  json('POST', '/keys', {
    uid: uid(5),
    actions: ['search', 'tasks.get', 'stats.get', 'documents.add'],
    indexes: ['m'],
    expiresAt: '2099-01-01T10:00:00+02:00',
  }),
  json('POST', '/keys', { uid: uid(6).toUpperCase(), actions: [], indexes: [], expiresAt: null }),
  json('PATCH', `/keys/${uid(1)}`, { name: 'renamed', description: null }),
  json('PATCH', `/keys/${uid(1)}`, {}),
  ...['actions', 'indexes', 'expiresAt', 'createdAt', 'updatedAt', 'key', 'uid', 'foo'].map((name) =>
    json('PATCH', `/keys/${uid(1)}`, { [name]: 'x' }),
  ),
  plain('GET', `/keys/${uid(1)}`),
  plain('GET', `/keys/${uid(2)}`),
  plain('GET', '/keys?limit=3'),
  plain('GET', '/keys?limit=2&offset=1'),
  plain('GET', '/keys?offset=50'),
  plain('DELETE', `/keys/${uid(6)}`),
  plain('GET', `/keys/${uid(6)}`),
  plain('DELETE', `/keys/${uid(6)}`),
];

/** What each key tries; index `m` and `other` exist. */
const attempts: readonly RawRequest[] = [
  json('POST', '/indexes/m/search', { q: 'a' }),
  plain('GET', '/indexes/m/search?q=a'),
  json('POST', '/indexes/other/search', {}),
  json('POST', '/indexes/nope/search', {}),
  plain('GET', '/indexes'),
  plain('GET', '/indexes/m'),
  plain('GET', '/indexes/other'),
  plain('GET', '/indexes/m/documents'),
  plain('GET', '/indexes/m/documents/1'),
  plain('GET', '/indexes/m/settings'),
  plain('GET', '/tasks?limit=100'),
  plain('GET', '/tasks/0'),
  plain('GET', '/tasks/1'),
  plain('GET', '/keys?limit=5'),
  plain('GET', '/version'),
  plain('GET', '/health'),
  json('POST', '/indexes', { uid: 5 }),
  plain('GET', '/nope'),
];

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
function tenantToken(secret: string, claims: unknown, algorithm: 'HS256' | 'HS384' | 'HS512' = 'HS256'): string {
  const head = `${part({ alg: algorithm, typ: 'JWT' })}.${part(claims)}`;
  return `${head}.${createHmac(`sha${algorithm.slice(2)}`, secret)
    .update(head)
    .digest('base64url')}`;
}

function tokens(masterKey: string): string[] {
  const secret = keyValue(masterKey, uid(1));
  const base = { apiKeyUid: uid(1), searchRules: ['*'] };
  return [
    tenantToken(secret, base),
    tenantToken(secret, base, 'HS384'),
    tenantToken(secret, base, 'HS512'),
    tenantToken(secret, { ...base, searchRules: { m: { filter: 'v = 1' } } }),
    tenantToken(secret, { ...base, searchRules: { '*': { filter: 'v = 1' }, m: null } }),
    tenantToken(secret, { ...base, searchRules: { m: { filter: [['v = 1', 'v = 2'], 'id > 3'] } } }),
    tenantToken(secret, { ...base, searchRules: { m: { filter: 'nope = 1' } } }),
    tenantToken(secret, { ...base, searchRules: ['other'] }),
    tenantToken(secret, { ...base, searchRules: {} }),
    tenantToken(secret, { ...base, exp: 4_000_000_000 }),
    tenantToken('another secret', base),
    tenantToken(secret, { ...base, apiKeyUid: uid(9) }),
    tenantToken(secret, { searchRules: ['*'] }),
    tenantToken(secret, { ...base, searchRules: 5 }),
    tenantToken(keyValue(masterKey, uid(2)), { ...base, apiKeyUid: uid(2) }),
    `${tenantToken(secret, base)}x`,
  ];
}

const tokenAttempts: readonly RawRequest[] = [
  json('POST', '/indexes/m/search', { limit: 50 }),
  json('POST', '/indexes/m/search', { filter: 'id < 5', facets: ['v'] }),
  plain('GET', '/indexes/m/search?filter=id%20%3D%201'),
  json('POST', '/indexes/other/search', {}),
  plain('GET', '/indexes/m/documents'),
];

async function compare(
  oracle: Server,
  subject: Server,
  request: RawRequest,
  category: string,
  label: string,
  report: Report,
) {
  const [expected, got] = await Promise.all([send(oracle, request), send(subject, request)]);
  report.add(
    category,
    `${label} ${request.method} ${request.path} ${request.body ?? ''}`,
    diffAnswers(expected, got, { loose }),
  );
}

/** Batches are numbered by each side for itself. */
const loose = new Set([...momentary, 'batchUid']);

/** Key management, then every key and many tenant tokens on many routes. Both sides must have the same master key. */
export async function compareKeys(oracle: Server, subject: Server, report: Report): Promise<void> {
  for (const request of manage) await compare(oracle, subject, request, 'manage keys', '', report);
  for (const n of [1, 2, 3, 4, 5]) {
    const authorization = `Bearer ${keyValue(oracle.masterKey, uid(n))}`;
    for (const request of attempts) {
      await compare(oracle, subject, { ...request, headers: { authorization } }, 'use keys', `key ${n}`, report);
    }
  }
  for (const [i, token] of tokens(oracle.masterKey).entries()) {
    for (const request of tokenAttempts) {
      const headers = { authorization: `Bearer ${token}` };
      await compare(oracle, subject, { ...request, headers }, 'tenant tokens', `token ${i}`, report);
    }
  }
}
