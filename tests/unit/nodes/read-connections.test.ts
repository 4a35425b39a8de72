import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { longestText, wholeText } from '../../../src/json/byte-text.ts';
import { Cancellation } from '../../../src/nodes/cancellation.ts';
import { ReadConnections } from '../../../src/nodes/read-connections.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A node that answers the request with this body by whatever it likes, and its connections so far. */
async function nodeOf(answer: (socket: Socket, body: string, request: string) => unknown) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const request = data.toString();
      answer(socket, request.slice(request.indexOf('\r\n\r\n') + 4), request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

function readsOf(address: string, most = 4): ReadConnections {
  const reads = ReadConnections.to(address, { authorization: 'Bearer key' }, most) as ReadConnections;
  stops.push(async () => reads.close());
  return reads;
}

const asked = (body: string, more: { timeoutMs?: number; signal?: Cancellation } = {}) => ({
  method: 'POST',
  path: '/indexes/x/search',
  body,
  timeoutMs: more.timeoutMs ?? 5_000,
  signal: more.signal,
});

const headOf = (length: number, ...lines: string[]) =>
  ['HTTP/1.1 200 OK', `content-length: ${length}`, ...lines, '', ''].join('\r\n');
const answered = (body: string, ...lines: string[]) => `${headOf(Buffer.byteLength(body), ...lines)}${body}`;

describe('connections for reads', () => {
  it('send a request as HTTP has it, with its length in bytes', async () => {
    const requests: string[] = [];
    const { address } = await nodeOf((socket, _, request) => {
      requests.push(request);
      socket.write(answered('{}'));
    });
    expect(await readsOf(address).ask(asked('{"q":"été"}'))).toEqual({
      status: 200,
      body: '{}',
      retryAfter: undefined,
    });
    const host = address.slice('http://'.length);
    expect(requests).toEqual([
      `POST /indexes/x/search HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\nauthorization: Bearer key\r\ncontent-length: 13\r\n\r\n{"q":"été"}`,
    ]);
    await expect(readsOf(address).ask({ ...asked('{}'), path: '/x HTTP/1.1\r\nx: y' })).rejects.toThrow('invalid path');
  });

  it('give what came, however it was cut on its way, and whatever its size', async () => {
    const bodies = new Map<string, { bytes: Buffer; cuts: number[] }>();
    const { address, sockets } = await nodeOf(async (socket, name) => {
      const { bytes, cuts } = bodies.get(name) as { bytes: Buffer; cuts: number[] };
      const whole = Buffer.concat([Buffer.from(headOf(bytes.length)), bytes]);
      let from = 0;
      for (const to of [...cuts.sort((a, b) => a - b), whole.length]) {
        socket.write(whole.subarray(from, Math.min(to, whole.length)));
        from = Math.max(from, Math.min(to, whole.length));
        await sleep(1);
      }
    });
    const reads = readsOf(address, 1);
    const length = fc.oneof(fc.nat(300), fc.integer({ min: longestText - 100, max: 3 * longestText }));
    const cuts = fc.array(fc.oneof(fc.nat(60), fc.nat(3 * longestText)), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(length, cuts, fc.nat(255), fc.boolean(), async (size, where, first, likeHeads) => {
        const anything = Array.from({ length: size }, (_, i) => (first + i * 7) % 256);
        const bytes = likeHeads ? Buffer.alloc(size, '\r\n') : Buffer.from(anything);
        bodies.set('x', { bytes, cuts: where });
        const answer = await reads.ask(asked('x'));
        if (answer === 'other') throw new Error('not read');
        expect(typeof answer.body).toBe(size > longestText ? 'object' : 'string');
        expect(Buffer.from(wholeText(answer.body), 'latin1').equals(bytes)).toBe(true);
      }),
      { numRuns: 100, seed: 41 },
    );
    expect(sockets.length).toBe(1);
  });

  it('keep answers of several connections apart', async () => {
    const { address } = await nodeOf(async (socket, name) => {
      const text = answered(name.repeat(50_000));
      for (let at = 0; at < text.length; at += 9_000) {
        socket.write(text.slice(at, at + 9_000));
        await sleep(1);
      }
    });
    const reads = readsOf(address, 8);
    const names = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff'];
    const answers = await Promise.all(names.map((name) => reads.ask(asked(name))));
    expect(answers.map((one) => (one === 'other' ? one : wholeText(one.body)))).toEqual(
      names.map((name) => name.repeat(50_000)),
    );
  });

  it('are no more than allowed; other reads wait, in order', async () => {
    const begun: string[] = [];
    const { address, sockets } = await nodeOf(async (socket, name) => {
      begun.push(name);
      await sleep(5);
      socket.write(answered(name));
    });
    const reads = readsOf(address, 2);
    const names = ['1', '2', '3', '4', '5', '6'];
    const answers = await Promise.all(names.map((name) => reads.ask(asked(name))));
    expect(answers).toEqual(names.map((body) => ({ status: 200, body, retryAfter: undefined })));
    expect(begun).toEqual(names);
    expect(sockets.length).toBe(2);
  });

  it('end where the node says so, where it says too much, and where it ends them', async () => {
    const { address, sockets } = await nodeOf((socket, name) => {
      if (name === 'closes') socket.write(answered('{}', 'connection: close'));
      else if (name === 'more') socket.write(`${answered('{}')}HTTP/1.1`);
      else socket.write(answered('{}'));
    });
    const reads = readsOf(address);
    for (const name of ['closes', 'more', 'usual', 'usual']) {
      expect(await reads.ask(asked(name))).toMatchObject({ body: '{}' });
    }
    expect(sockets.length).toBe(3);
    const closed = new Promise((resolve) => sockets[2]?.once('close', resolve));
    sockets[2]?.end();
    await closed;
    expect(await reads.ask(asked('usual'))).toMatchObject({ body: '{}' });
    expect(sockets.length).toBe(4);
    // bytes that nobody asked for are not the next answer
    const gone = new Promise((resolve) => sockets[3]?.once('close', resolve));
    sockets[3]?.write(answered('{"not":"asked for"}'));
    await gone;
    expect(await reads.ask(asked('usual'))).toMatchObject({ body: '{}' });
  });

  it('tell that an answer takes more of HTTP, and go on with the next', async () => {
    const { address, sockets } = await nodeOf((socket, name) => {
      if (name === 'pieces') socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n');
      else socket.write(answered('{}'));
    });
    const reads = readsOf(address, 1);
    expect(await Promise.all([reads.ask(asked('pieces')), reads.ask(asked('usual'))])).toEqual([
      'other',
      { status: 200, body: '{}', retryAfter: undefined },
    ]);
    expect(sockets.length).toBe(2);
    expect(ReadConnections.to('https://node.example.com', {}, 1)).toBeNull();
    expect(ReadConnections.to(address, { authorization: 'Bearer é' }, 1)).toBeNull();
    expect(ReadConnections.to(address, { authorization: 'a\r\nb: c' }, 1)).toBeNull();
  });

  it('give up a node that is silent before or within its answer, and let the next read have the place', async () => {
    const { address, sockets } = await nodeOf((socket, name) => {
      if (name === 'half') socket.write(answered('{}').slice(0, -1));
      if (name === 'usual') socket.write(answered('{}'));
    });
    const reads = readsOf(address, 1);
    const silent = reads.ask(asked('silent', { timeoutMs: 50 }));
    const half = reads.ask(asked('half', { timeoutMs: 500 }));
    const usual = reads.ask(asked('usual', { timeoutMs: 500 }));
    await expect(silent).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    await expect(half).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
    expect(await usual).toMatchObject({ body: '{}' });
    // a connection that has nothing to do for so long is ended, and that is nobody's failure
    await expect.poll(() => sockets.every(({ destroyed }) => destroyed), { timeout: 5_000 }).toBe(true);
    expect(await reads.ask(asked('usual'))).toMatchObject({ body: '{}' });
  });

  it('end a read that is told to end, while it waits and while it is answered, and its late answer reaches nobody', async () => {
    const begun: string[] = [];
    const { address } = await nodeOf((socket, name) => {
      begun.push(name);
      if (name !== 'silent') socket.write(answered(name));
    });
    const reads = readsOf(address, 1);
    const [first, second] = [new Cancellation(), new Cancellation()];
    const silent = reads.ask(asked('silent', { signal: first }));
    const waiting = reads.ask(asked('waiting', { signal: second }));
    const last = reads.ask(asked('last'));
    await expect.poll(() => begun).toEqual(['silent']);
    second.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    first.abort();
    await expect(silent).rejects.toMatchObject({ name: 'AbortError' });
    expect(await last).toMatchObject({ body: 'last' });
    expect(begun).toEqual(['silent', 'last']);
    await expect(reads.ask(asked('never', { signal: first }))).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('fail with the reads under way when they break, are refused, or are closed', async () => {
    const { address } = await nodeOf((socket, name) => {
      if (name === 'broken') socket.destroy();
    });
    const reads = readsOf(address, 1);
    const broken = reads.ask(asked('broken'));
    const silent = reads.ask(asked('silent'));
    const waiting = reads.ask(asked('waiting'));
    await expect(broken).rejects.toThrow();
    reads.close();
    await expect(silent).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
    await expect(waiting).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
    await expect(reads.ask(asked('late'))).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
    await expect(readsOf('http://127.0.0.1:1').ask(asked('x'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
