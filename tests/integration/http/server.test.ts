import { brotliDecompressSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import type { FinishedRequest } from '../../../src/http/server.ts';
import type { DocumentPayload, ReadAnswer, Services } from '../../../src/http/services.ts';
import { type FrontOptions, REACHED, reachedServices, startFront } from './front.ts';
import { Wire } from './sockets.ts';

const key = 'server-test-master-key';
const auth = { authorization: `Bearer ${key}` };
const json = { ...auth, 'content-type': 'application/json' };
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(options: FrontOptions = {}, change: (services: Services) => void = () => {}) {
  const services = reachedServices(key);
  change(services);
  const front = await startFront(key, { services, ...options });
  stops.push(front.stop);
  return front;
}

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

describe('answers', () => {
  it('name the request and say when shards are missing', async () => {
    const { address } = await start({}, (services) => {
      services.search.search = async (): Promise<ReadAnswer<Buffer>> => ({
        json: Buffer.from(REACHED),
        missingShards: [3, 7],
        settingsVersion: 4,
      });
    });
    const response = await fetch(`${address}/indexes/m/search`, {
      method: 'POST',
      headers: { ...json, 'x-request-id': 'abc-1' },
      body: '{}',
    });
    expect(response.headers.get('x-request-id')).toBe('abc-1');
    expect(response.headers.get('x-miroir-degraded')).toBe('shards=3,7');
    expect(response.headers.get('x-miroir-settings-version')).toBe('4');
    const other = await fetch(`${address}/health`, { headers: { 'x-request-id': 'a b' } });
    expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('say which copies missed a write', async () => {
    const { address } = await start({}, (services) => {
      services.documents.deleteAll = async () => ({
        summary: { taskUid: 5, indexUid: 'm', status: 'enqueued', type: 'documentDeletion', enqueuedAt: 'x' },
        degraded: { groups: [1], shards: [2, 3] },
      });
    });
    const response = await fetch(`${address}/indexes/m/documents`, { method: 'DELETE', headers: auth });
    expect(response.status).toBe(202);
    expect(response.headers.get('x-miroir-degraded')).toBe('groups=1;shards=2,3');
    expect(await response.text()).toBe(
      '{"taskUid":5,"indexUid":"m","status":"enqueued","type":"documentDeletion","enqueuedAt":"x"}',
    );
  });

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
    ['identity', (body: Buffer) => body],
  ] as const)('come whole and with their length when %s is asked for', async (encoding, decode) => {
    const body = JSON.stringify({ text: 'Zürich '.repeat(2_000) });
    const { address, app } = await start({}, (services) => {
      services.indexes.version = async () => body;
    });
    const response = await app.inject({
      url: '/version',
      headers: { ...auth, 'accept-encoding': `${encoding};q=0.5, zstd` },
    });
    expect(Number(response.headers['content-length'])).toBe(response.rawPayload.length);
    expect(response.headers['content-encoding']).toBe(encoding === 'identity' ? undefined : encoding);
    expect(decode(response.rawPayload).toString()).toBe(body);
    const small = await fetch(`${address}/health`, { headers: { 'accept-encoding': encoding } });
    expect(small.headers.get('content-encoding')).toBeNull();
  });

  it('tell nothing of the inside when something breaks', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const { address } = await start({ log }, (services) => {
      services.indexes.version = async () => {
        throw new Error('node meili-3 at 10.0.0.3 exploded');
      };
    });
    const response = await fetch(`${address}/version`, { headers: { ...auth, 'x-request-id': 'r1' } });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', type: 'internal' });
    expect(text).not.toMatch(/meili-3|10\.0\.0\.3|stack/);
    expect(lines.join('')).toMatch(/meili-3.*exploded/);
    expect(lines.every((line) => line.includes('"requestId":"r1"'))).toBe(true);
  });

  it('carry the headers of an error', async () => {
    const { address } = await start({}, (services) => {
      services.search.search = async () => {
        throw new ApiError('too_many_search_requests', 'busy', { headers: { 'Retry-After': '10' } });
      };
    });
    const response = await fetch(`${address}/indexes/m/search`, { headers: auth });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('10');
  });
});

describe('bodies', () => {
  const documents = (address: string, body: Buffer, headers: Record<string, string> = {}) =>
    fetch(`${address}/indexes/m/documents`, {
      method: 'POST',
      headers: { ...json, ...headers },
      body: new Uint8Array(body),
    });

  it('reach the service as sent, decompressed', async () => {
    const seen: DocumentPayload[] = [];
    const { address } = await start({}, (services) => {
      const add = services.documents.add;
      services.documents.add = async (...args) => {
        seen.push(args[2]);
        return add(...args);
      };
    });
    const text = '[{"id":1, "n":1.0, "big":123456789012345678901234567890}]';
    expect((await documents(address, gzipSync(text), { 'content-encoding': 'gzip' })).status).toBe(202);
    expect((await documents(address, Buffer.from(text))).status).toBe(202);
    expect(seen.map(({ body }) => body.toString())).toEqual([text, text]);
  });

  it('are bounded after decompression, and the connection stays usable', async () => {
    const { address } = await start({ limits: { maxBodyBytes: 10_000 } });
    const bomb = gzipSync(Buffer.alloc(5_000_000, 32));
    expect(bomb.length).toBeLessThan(10_000);
    const answers = [
      await documents(address, bomb, { 'content-encoding': 'gzip' }),
      await documents(address, Buffer.alloc(10_001, 32)),
      await documents(address, Buffer.alloc(2_000_000, 32)),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({
        code: 'payload_too_large',
        message: 'The provided payload reached the size limit. The maximum accepted payload size is 10 kB.',
      });
    }
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });

  it('are not buffered for those who may not write', async () => {
    const { address } = await start({ limits: { maxBodyBytes: 10_000 } });
    const response = await documents(address, Buffer.alloc(3_000_000, 32), { authorization: 'Bearer nope' });
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe('invalid_api_key');
  });
});

describe('the head of a request', () => {
  it.each([
    ['garbage\r\n\r\n', 400],
    ['GET /health?"a" HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    [`GET /health?${'a'.repeat(65_530)} HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
    [`GET /health HTTP/1.1\r\nx: ${'a'.repeat(250_000)}\r\n\r\n`, 431],
    [`GET /health HTTP/1.1\r\n${'x: a\r\n'.repeat(97)}\r\n`, 431],
    ['GET /health HTTP/1.1\r\n\r\n', 200],
    [`GET /health?${'a'.repeat(65_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 200],
    ['GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n', 200],
    ['GET //health/ HTTP/1.1\r\nHost: a\r\n\r\n', 200],
    ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['PROPFIND /health HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ])('%#: is judged as the real server does', async (text, status) => {
    const { address } = await start();
    const wire = new Wire(address).write(text);
    stops.push(async () => wire.abort());
    expect((await wire.answer()).status).toBe(status);
  });

  it('lets pages of any origin in', async () => {
    const { app } = await start();
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/nope',
      headers: {
        origin: 'http://a.b',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-foo',
      },
    });
    expect(preflight.statusCode).toBe(200);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'authorization,x-foo',
      'access-control-max-age': '86400',
      'content-length': '0',
    });
    const answer = await app.inject({ url: '/indexes', headers: { origin: 'http://a.b' } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });
});

describe('under load', () => {
  it('refuses what exceeds the bound, but never probes, and recovers', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const counts: number[] = [];
    const limits = { maxConcurrentRequests: 1, maxQueuedRequests: 0 };
    const { address } = await start({ limits, onInFlight: (n) => counts.push(n) }, (services) => {
      services.indexes.version = async () => {
        await held;
        return REACHED;
      };
    });
    const first = fetch(`${address}/version`, { headers: auth });
    while (counts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await fetch(`${address}/indexes`, { headers: auth });
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('1');
    expect(await codeOf(second)).toBe('miroir_overloaded');
    expect((await fetch(`${address}/health`)).status).toBe(200);
    expect((await fetch(`${address}/_miroir/ready`)).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
    while (counts.at(-1) !== 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await fetch(`${address}/indexes`, { headers: auth })).status).toBe(200);
  });

  it('counts and reports clients that went away', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const counts: number[] = [];
    const finished: FinishedRequest[] = [];
    const options: FrontOptions = {
      onInFlight: (n) => counts.push(n),
      onResponse: (request) => finished.push(request),
    };
    const { address } = await start(options, (services) => {
      services.indexes.version = async () => {
        await held;
        return REACHED;
      };
    });
    const gone = new AbortController();
    const request = fetch(`${address}/version`, { headers: auth, signal: gone.signal });
    while (counts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    await expect(request).rejects.toThrow();
    while (finished.length === 0) await new Promise((resolve) => setImmediate(resolve));
    release();
    while (counts.at(-1) !== 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await fetch(`${address}/health`)).status).toBe(200);
    expect(finished.map(({ route, status }) => [route, status])).toEqual([
      ['/version', 499],
      ['/health', 200],
    ]);
  });

  it('reports each request by its route', async () => {
    const finished: FinishedRequest[] = [];
    const { app } = await start({ onResponse: (request) => finished.push(request) });
    await app.inject({ url: '/indexes/some-index/stats', headers: auth });
    await app.inject({ url: '/nope' });
    expect(finished.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['GET', '/indexes/:indexUid/stats', 200],
      ['GET', 'unknown', 404],
    ]);
  });
});

describe('the admin API', () => {
  it('takes the admin key in either header and nothing else', async () => {
    const { app } = await start({ adminKey: 'operators-only' });
    const ask = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/_miroir/topology', headers })).statusCode;
    expect(await ask({ authorization: 'Bearer operators-only' })).toBe(200);
    expect(await ask({ 'x-admin-key': 'operators-only' })).toBe(200);
    expect(await ask({})).toBe(403);
    expect(await ask(auth)).toBe(403);
    expect(await ask({ 'x-admin-key': 'operators-onlyy' })).toBe(403);
    const refused = await app.inject({ url: '/_miroir/shards' });
    expect(refused.json()).toMatchObject({ code: 'miroir_invalid_admin_key', type: 'auth' });
  });

  it('is closed without a key, except for probes and scrapers', async () => {
    const { app } = await start({ adminKey: null }, (services) => {
      services.admin.ready = async () => ({ ready: false, reasons: ['shard 3 has no copy'] });
    });
    expect((await app.inject({ url: '/_miroir/topology', headers: auth })).statusCode).toBe(403);
    expect((await app.inject({ url: '/_miroir/tasks/1', headers: auth })).statusCode).toBe(403);
    expect((await app.inject({ url: '/_miroir/metrics' })).body).toBe('reached 1\n');
    const ready = await app.inject({ url: '/_miroir/ready' });
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toEqual({ ready: false, reasons: ['shard 3 has no copy'] });
  });
});
