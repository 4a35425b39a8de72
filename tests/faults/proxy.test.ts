import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRng } from '../support/rng.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';

let server: Server;
let proxy: FaultProxy;
/** Requests that reached the server behind the proxy. */
let reached: string[];
const body = 'x'.repeat(100_000);

beforeEach(async () => {
  reached = [];
  server = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    request.resume();
    request.on('end', () => response.end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, createRng(1));
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The answer's text, or the reason why there is none. */
async function ask(path = '/a', patienceMs = 10_000): Promise<string> {
  try {
    const signal = AbortSignal.timeout(patienceMs);
    const answer = await fetch(proxy.address + path, { headers: { connection: 'close' }, signal });
    return await answer.text();
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now();
  return { value: await work, ms: performance.now() - started };
}

describe('a fault proxy', () => {
  test('passes everything while nothing is wrong, and counts requests by their first line', async () => {
    expect(await ask('/a?b=c')).toBe(body);
    const sent = await fetch(`${proxy.address}/d`, { method: 'POST', body });
    expect(await sent.text()).toBe(body);
    expect(reached).toEqual(['GET /a?b=c', 'POST /d']);
    expect([...proxy.requests]).toEqual([
      ['GET /a', 1],
      ['POST /d', 1],
    ]);
  });

  test('makes answers late, each once however many pieces it has', async () => {
    proxy.set({ latencyMs: 300, jitterMs: 50, sliceBytes: 1_000 });
    const { value, ms } = await timed(ask());
    expect(value).toBe(body);
    expect(ms).toBeGreaterThanOrEqual(240);
    // One after the other, a hundred pieces would take half a minute.
    expect(ms).toBeLessThan(10_000);
  });

  test('swallows requests in a black hole, and serves again once healed', async () => {
    proxy.set({ blackHole: true });
    const asked = ask('/a', 400);
    expect(await asked).toBe('TimeoutError');
    expect(reached).toEqual([]);
    expect(proxy.requests.get('GET /a')).toBe(1);
    const waiting = ask('/b');
    await expect.poll(() => proxy.requests.get('GET /b')).toBe(1);
    proxy.heal();
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(await waiting);
    expect(await ask('/c')).toBe(body);
    expect(reached).toEqual(['GET /c']);
  });

  test('resets the share of connections it was told to', async () => {
    proxy.set({ resetShare: 1 });
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(await ask());
    expect(reached).toEqual([]);
    proxy.set({ resetShare: 0.3 });
    let broken = 0;
    for (let i = 0; i < 60; i++) if ((await ask()) !== body) broken++;
    expect(broken).toBeGreaterThan(6);
    expect(broken).toBeLessThan(32);
  });

  test('resets open connections', async () => {
    proxy.set({ latencyMs: 60_000 });
    const waiting = ask();
    await expect.poll(() => reached.length).toBe(1);
    proxy.resetAll();
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(await waiting);
  });

  test('limits the bandwidth', async () => {
    proxy.set({ bytesPerSecond: 200_000 });
    const { value, ms } = await timed(ask());
    expect(value).toBe(body);
    expect(ms).toBeGreaterThanOrEqual(400);
  });

  test('cuts answers after so many bytes', async () => {
    proxy.set({ cutAfterBytes: 500 });
    expect(await ask()).not.toBe(body);
    expect(reached).toHaveLength(1);
  });

  test('slices answers without changing them', async () => {
    proxy.set({ sliceBytes: 700 });
    expect(await ask()).toBe(body);
  });

  test('closes slowly', async () => {
    proxy.set({ slowCloseMs: 300 });
    const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(proxy.address).port) });
    socket.write('GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let bytes = 0;
    let allHereAt = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > body.length) allHereAt = performance.now();
    });
    await once(socket, 'end');
    expect(performance.now() - allHereAt).toBeGreaterThanOrEqual(250);
  });

  test('answers for the node where it was told to', async () => {
    const html = 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>';
    proxy.set({ impostor: { request: /^GET \/a/, answer: html } });
    expect(await ask('/a')).toBe('<html>');
    expect(await ask('/b')).toBe(body);
    proxy.set({ impostor: { request: /^GET \/a/, answer: html, once: true } });
    expect([await ask('/a'), await ask('/a')]).toEqual(['<html>', body]);
    proxy.set({ impostor: { request: /^GET \/a/, answer: null } });
    expect(await ask('/a', 300)).toBe('TimeoutError');
    expect(await ask('/b')).toBe(body);
    expect(reached).toEqual(['GET /b', 'GET /a', 'GET /b']);
  });

  test('resets connections when its node is gone, refuses them while it is down, and comes back', async () => {
    await proxy.down();
    expect(await ask()).toBe('ECONNREFUSED');
    await proxy.up();
    expect(await ask()).toBe(body);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(await ask());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});
