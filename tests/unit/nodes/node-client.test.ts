import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { byteText } from '../../../src/json/byte-text.ts';
import { Cancellation } from '../../../src/nodes/cancellation.ts';
import { createNodeClient, type NodeClient } from '../../../src/nodes/client.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function clientOf(answer: Answer, connections = 4): Promise<NodeClient> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createNodeClient({ id: 'n', address, timeoutMs: 5_000, connections });
  stops.push(() => client.close());
  return client;
}

const get = { method: 'GET', path: '/' } as const;

describe('a node client', () => {
  it('gives the whole of an answer that comes in pieces, as text or as bytes', async () => {
    const text = `{"é":"${'日本'.repeat(5_000)}"}`;
    const bytes = Buffer.from(text);
    const client = await clientOf(async (_, response) => {
      response.setHeader('retry-after', '7');
      // a piece ends within a character
      for (let at = 0; at < bytes.length; at += 7_001) {
        response.write(bytes.subarray(at, at + 7_001));
        await sleep(1);
      }
      response.end();
    });
    expect(await client.request(get)).toEqual({ status: 200, text, retryAfter: '7' });
    expect((await client.request({ ...get, asBytes: true })).bytes).toEqual(byteText(bytes));
  });

  it('decodes refusals, also for those who want bytes', async () => {
    const client = await clientOf((_, response) => {
      response.statusCode = 400;
      response.end('{"message":"é"}');
    });
    expect(await client.request({ ...get, asBytes: true })).toEqual({ status: 400, text: '{"message":"é"}' });
  });

  it('asks for bytes with a body over connections of its own, unless an answer is not as a node writes it', async () => {
    const text = `{"é":"${'日本'.repeat(30_000)}"}`;
    const ports: (number | undefined)[] = [];
    const client = await clientOf((request, response) => {
      ports.push(request.socket.remotePort);
      request.resume().on('end', () => {
        if (request.url === '/chunked') response.write('{');
        if (request.url === '/refused') response.setHeader('retry-after', '3').statusCode = 429;
        if (request.url === '/long') response.end(text);
        else response.end(request.url === '/chunked' ? '}' : '{"é":1}');
      });
    });
    const post = (path: string) => client.request({ method: 'POST', path, body: '{}', asBytes: true });
    expect((await post('/')).bytes).toBe(byteText(Buffer.from('{"é":1}')));
    expect((await post('/long')).bytes).toEqual(Buffer.from(text));
    expect(await post('/refused')).toEqual({ status: 429, text: '{"é":1}', retryAfter: '3' });
    expect(ports).toEqual([ports[0], ports[0], ports[0]]);
    // asked once more, by a client for all of HTTP, which then goes on
    expect((await post('/chunked')).bytes).toBe('{}');
    expect((await post('/chunked')).bytes).toBe('{}');
    expect((await post('/long')).bytes).toEqual(Buffer.from(text));
    expect(ports.length).toBe(7);
    expect(ports.slice(4)).not.toContain(ports[0]);
  });

  it('tells a broken connection from one that was refused and from silence', async () => {
    const broken = await clientOf((request) => request.socket.destroy());
    await expect(broken.request(get)).rejects.toMatchObject({ kind: 'broken' });
    const half = await clientOf((request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"half":');
      setImmediate(() => request.socket.destroy());
    });
    await expect(half.request(get)).rejects.toMatchObject({ kind: 'broken' });
    const refused = createNodeClient({ id: 'n', address: 'http://127.0.0.1:1', timeoutMs: 1_000 });
    stops.push(() => refused.close());
    await expect(refused.request(get)).rejects.toMatchObject({ kind: 'refused' });
    const silent = await clientOf(() => undefined);
    await expect(silent.request({ ...get, timeoutMs: 50 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('ends a request when it is told to: before, while it waits for a connection, and while the answer comes', async () => {
    const ended = new Cancellation();
    ended.abort();
    const started: string[] = [];
    const client = await clientOf((request, response) => {
      started.push(request.url ?? '');
      if (request.url === '/begun') response.write('{');
    }, 1);
    await expect(client.request({ ...get, path: '/never', signal: ended })).rejects.toMatchObject({ kind: 'aborted' });

    const first = new Cancellation();
    const begun = client.request({ ...get, path: '/begun', signal: first });
    const waiting = new AbortController();
    const queued = client.request({ ...get, path: '/queued', signal: waiting.signal });
    await expect.poll(() => started).toEqual(['/begun']);
    waiting.abort();
    await expect(queued).rejects.toMatchObject({ kind: 'aborted' });
    first.abort();
    await expect(begun).rejects.toMatchObject({ kind: 'aborted' });

    const next = new Cancellation();
    const after = client.request({ ...get, path: '/after', signal: next });
    await expect.poll(() => started).toEqual(['/begun', '/after']);
    next.abort();
    await expect(after).rejects.toMatchObject({ kind: 'aborted' });
  });

  it('sends a body while it is made, of the announced length, and makes it anew for each attempt', async () => {
    let made = 0;
    const pieces = Array.from({ length: 40 }, (_, i) => Buffer.from(`${i}é`.repeat(20_000)));
    const body = {
      byteLength: pieces.reduce((sum, { length }) => sum + length, 0),
      async *[Symbol.asyncIterator]() {
        made++;
        yield* pieces;
      },
    };
    const arrived: (string | undefined)[] = [];
    const client = await clientOf(async (request, response) => {
      if (request.url === '/cut') return void request.socket.destroy();
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      arrived.push(request.headers['content-length'], Buffer.concat(chunks).toString());
      response.end('{}');
    });
    const write = { method: 'POST', path: '/documents', body, ownConnection: true } as const;
    await expect(client.request({ ...write, path: '/cut' })).rejects.toMatchObject({ kind: 'broken' });
    expect(await client.request(write)).toEqual({ status: 200, text: '{}' });
    expect(arrived).toEqual([String(body.byteLength), Buffer.concat(pieces).toString()]);
    expect(made).toBe(2);
    const refused = createNodeClient({ id: 'n', address: 'http://127.0.0.1:1', timeoutMs: 1_000 });
    stops.push(() => refused.close());
    await expect(refused.request(write)).rejects.toMatchObject({ kind: 'refused' });
    expect(made).toBe(2);
  });

  it('gives up a body that a node takes so slowly that the time is over', async () => {
    const body = {
      byteLength: 1_000 * 2 ** 18,
      async *[Symbol.asyncIterator]() {
        for (let i = 0; i < 1_000; i++) yield Buffer.alloc(2 ** 18, 0x20);
      },
    };
    const client = await clientOf((request) => {
      request.on('error', () => undefined);
      request.on('data', () => {
        request.pause();
        setTimeout(() => request.resume(), 5);
      });
    });
    const write = { method: 'POST', path: '/documents', body, ownConnection: true } as const;
    await expect(client.request({ ...write, timeoutMs: 300 })).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('stops making a body for a node that takes no more, and when it is told to', async () => {
    let pieces = 0;
    const body = {
      byteLength: 1_000 * 2 ** 18,
      async *[Symbol.asyncIterator]() {
        for (; pieces < 1_000; pieces++) yield Buffer.alloc(2 ** 18, 0x20);
      },
    };
    const client = await clientOf((request) => void request.pause());
    const signal = new AbortController();
    const sent = client.request({
      method: 'POST',
      path: '/documents',
      body,
      ownConnection: true,
      signal: signal.signal,
    });
    await expect.poll(() => pieces).toBeGreaterThan(0);
    await sleep(200);
    expect(pieces).toBeLessThan(200);
    signal.abort();
    await expect(sent).rejects.toMatchObject({ kind: 'aborted' });
    const before = pieces;
    await sleep(50);
    // the piece that was asked for when the connection ended
    expect(pieces).toBeLessThanOrEqual(before + 1);
  });

  it('keeps connections, but for payloads of documents and where a new one is asked for', async () => {
    const asked: string[] = [];
    const client = await clientOf((request, response) => {
      asked.push(request.headers.connection ?? '');
      request.resume().on('end', () => response.end('{}'));
    });
    const body = '{}';
    for (const path of ['/indexes/x/search', '/indexes/x/documents/fetch']) {
      await client.request({ method: 'POST', path, body });
    }
    await client.request({ method: 'GET', path: '/indexes/x/documents?limit=1' });
    expect(asked.splice(0)).toEqual(['keep-alive', 'keep-alive', 'keep-alive']);
    for (const path of ['/indexes/x/documents', '/indexes/x/documents?primaryKey=id', '/indexes/x/documents/edit']) {
      await client.request({ method: 'POST', path, body });
    }
    await client.request({ method: 'POST', path: '/indexes/x/search', body, ownConnection: true });
    expect(asked).toEqual(['close', 'close', 'close', 'close']);
  });
});
