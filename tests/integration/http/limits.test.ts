import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import type { Services } from '../../../src/http/services.ts';
import { type FrontOptions, REACHED, reachedServices, startFront } from './front.ts';
import { requestText, until, Wire, type WireAnswer } from './sockets.ts';

/** What clients do that are slow, greedy or gone, on raw connections. */

const key = 'limits-test-master-key';
const json = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const documents = 'POST /indexes/m/documents';
const version = requestText('GET /version', json);
const health = requestText('GET /health');
const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A server with a gate: `GET /version` is answered only when the gate is opened. */
async function start(options: FrontOptions = {}) {
  const services: Services = reachedServices(key);
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  services.indexes.version = async () => {
    await opened;
    return REACHED;
  };
  const load = { inFlight: 0, waiting: 0, written: 0 };
  const add = services.documents.add;
  services.documents.add = async (...args) => {
    load.written++;
    return add(...args);
  };
  const front = await startFront(key, {
    services,
    onInFlight: (count) => {
      load.inFlight = count;
    },
    onWaiting: (count) => {
      load.waiting = count;
    },
    ...options,
  });
  undo.push(front.stop);
  const wire = () => {
    const made = new Wire(front.address);
    undo.push(() => made.abort());
    return made;
  };
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      front.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  return { ...front, load, open, wire, connections };
}

function errorOf({ status, headers, body }: WireAnswer) {
  const { code, message } = JSON.parse(body.toString()) as { code: string; message: string };
  return { status, retryAfter: headers['retry-after'], code, message };
}

describe('slow clients', () => {
  it('have a while for the head of a request, then the connection ends with 408', async () => {
    const { wire } = await start({ limits: { headersTimeout: 200 } });
    for (const head of ['', 'GET /health HTTP/1.1\r\nhost:']) {
      const slow = wire().write(head);
      const answer = await slow.answer();
      expect([answer.status, answer.headers.connection, answer.body.length]).toEqual([408, 'close', 0]);
      await slow.end();
    }
    expect((await wire().write(health).answer()).status).toBe(200);
  });

  it('have a while for each piece of a body', async () => {
    const { wire, load } = await start({ limits: { stallTimeout: 300 } });
    const slow = wire()
      .write(requestText(documents, { ...json, 'content-length': '10' }))
      .write('[{"id"');
    expect(errorOf(await slow.answer())).toEqual({
      status: 408,
      retryAfter: undefined,
      code: 'miroir_request_timeout',
      message: 'Nothing of the request body arrived for 300 ms.',
    });
    await slow.end();
    await until(() => load.inFlight === 0);
    expect(load.written).toBe(0);
  });

  it('may take longer in all, as long as something arrives', async () => {
    const { wire, load } = await start({ limits: { stallTimeout: 2_000 } });
    const slow = wire().write(requestText(documents, { ...json, 'content-length': '50' }));
    for (const byte of `[{"id":1,"t":"${'x'.repeat(33)}"}]`) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      slow.write(byte);
    }
    expect((await slow.answer()).status).toBe(202);
    expect(load.written).toBe(1);
  });

  it('must have sent a request whole in the end', async () => {
    const { wire, load } = await start({ limits: { requestTimeout: 500, headersTimeout: 400 } });
    const slow = wire().write(requestText(documents, { ...json, 'content-length': '1000000' }));
    const drip = setInterval(() => slow.write(' '), 20);
    undo.push(() => clearInterval(drip));
    expect((await slow.answer()).status).toBe(408);
    await slow.end();
    await until(() => load.inFlight === 0);
    expect(load.written).toBe(0);
  });

  it('are cut off when they do not take their answer', async () => {
    const { wire, connections, services } = await start({ limits: { stallTimeout: 300 } });
    services.indexes.allStats = async () => JSON.stringify('x'.repeat(40_000_000));
    const slow = wire();
    slow.socket.pause();
    slow.write(requestText('GET /stats', json));
    await until(async () => (await connections()) === 1);
    await until(async () => (await connections()) === 0);
    expect((await wire().write(health).answer()).status).toBe(200);
  });

  it('may let a pipelined request take longer than that', async () => {
    const { wire, open } = await start({ limits: { stallTimeout: 200 } });
    const pipeline = wire().write(Buffer.concat([health, version, health]));
    expect((await pipeline.answer()).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect([pipeline.silent, pipeline.closed]).toEqual([true, false]);
    open();
    expect((await pipeline.answer()).body.toString()).toBe(REACHED);
    expect((await pipeline.answer()).status).toBe(200);
  });
});

describe('clients that want their connection closed', () => {
  const close = { ...json, connection: 'close' };
  const wrong = { ...close, authorization: 'Bearer wrong' };
  const large = Buffer.alloc(1_000_001, ' ');

  it('get their answer when it does not depend on the body: not before all of that has come', async () => {
    const { wire, load } = await start({ limits: { maxBodyBytes: 1_000_000 } });
    const slow = wire().write(requestText(documents, { ...wrong, 'content-length': '600000' }));
    slow.write(large.subarray(0, 599_999));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([slow.silent, slow.closed]).toEqual([true, false]);
    slow.write(' ');
    expect(errorOf(await slow.answer())).toMatchObject({ status: 403, code: 'invalid_api_key' });
    await slow.end();
    expect(load.written).toBe(0);
  });

  it('get it though nothing more comes, or far too much', async () => {
    const { wire } = await start({ limits: { stallTimeout: 200, maxBodyBytes: 1_000_000 } });
    const stalled = wire().write(requestText(documents, { ...wrong, 'content-length': '600000' }));
    expect(errorOf(await stalled.answer())).toMatchObject({ status: 403, code: 'invalid_api_key' });
    await stalled.end();
    const endless = wire().write(requestText(documents, { ...wrong, 'content-length': '100000000' }));
    endless.write(large);
    const answer = errorOf(await endless.answer());
    expect(answer).toMatchObject({ status: 403, code: 'invalid_api_key' });
  });

  it('get it also when the body is too large', async () => {
    const { wire } = await start({ limits: { maxBodyBytes: 1_000_000 } });
    for (let i = 0; i < 20; i++) {
      const answer = await wire()
        .write(requestText(documents, close, large))
        .answer();
      expect(errorOf(answer)).toMatchObject({ status: 413, code: 'payload_too_large' });
    }
  });
});

describe('connections', () => {
  it('are kept for more requests, and ended when none comes', async () => {
    const { wire } = await start({ limits: { keepAliveTimeout: 1_000 } });
    const kept = wire();
    for (let i = 0; i < 5; i++) expect((await kept.write(health).answer()).status).toBe(200);
    expect(kept.closed).toBe(false);
    await kept.end();
  });

  it('are bounded', async () => {
    const { wire, connections } = await start({ limits: { maxConnections: 2 } });
    const [first, second] = [wire(), wire()];
    await until(async () => (await connections()) === 2);
    await wire().end();
    for (const one of [first, second]) expect((await one.write(health).answer()).status).toBe(200);
    first.abort();
    await until(async () => (await connections()) === 1);
    expect((await wire().write(health).answer()).status).toBe(200);
  });
});

describe('uploads that break off', () => {
  const head = requestText(documents, { ...json, 'content-length': '1000000' });
  const chunked = requestText(documents, { ...json, 'transfer-encoding': 'chunked' });
  const packed = requestText(documents, { ...json, 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' });
  const part = gzipSync('[{"id":1},{"id":2}]'.repeat(1_000)).subarray(0, 40);
  const pieces = [
    ['with a length', head, '[{"id":1},{"id":'],
    ['in chunks', chunked, '10\r\n[{"id":1},{"id":\r\n'],
    ['compressed', packed, Buffer.concat([Buffer.from('28\r\n'), part, Buffer.from('\r\n')])],
  ] as const;

  it.each(pieces)('%s write nothing and leave nothing behind', async (_, start_, piece) => {
    const { wire, load, connections } = await start();
    const gone = Array.from({ length: 20 }, () => wire().write(start_).write(piece));
    await until(() => load.inFlight === 20);
    for (const one of gone) one.abort();
    await until(() => load.inFlight === 0);
    await until(async () => (await connections()) === 0);
    expect(load.written).toBe(0);
  });

  it('leave the line, too', async () => {
    const { wire, load, open } = await start({ limits: { maxConcurrentRequests: 1 } });
    const first = wire().write(version);
    await until(() => load.inFlight === 1);
    const gone = wire().write(version);
    await until(() => load.waiting === 1);
    gone.abort();
    await until(() => load.waiting === 0);
    open();
    expect((await first.answer()).status).toBe(200);
    await until(() => load.inFlight === 0);
  });
});

describe('bodies', () => {
  const big = 'x'.repeat(20_000);

  it.each([
    ['with a length', requestText(documents, json, big)],
    [
      'in chunks',
      Buffer.concat([
        requestText(documents, { ...json, 'transfer-encoding': 'chunked' }),
        Buffer.from(`4e20\r\n${big}\r\n4e20\r\n${big}\r\n0\r\n\r\n`),
      ]),
    ],
    ['compressed', requestText(documents, { ...json, 'content-encoding': 'gzip' }, gzipSync(big))],
  ])('%s that are too large are refused, and the connection goes on', async (_, bytes) => {
    const { wire, load } = await start({ limits: { maxBodyBytes: 10_000 } });
    const greedy = wire().write(bytes);
    expect(errorOf(await greedy.answer())).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect((await greedy.write(health).answer()).status).toBe(200);
    await until(() => load.inFlight === 0);
  });
});

describe('the line', () => {
  it('is served in order, bounded, and never holds up probes', async () => {
    const limits = { maxConcurrentRequests: 2, maxQueuedRequests: 3 };
    const { wire, load, open } = await start({ limits });
    const running = [wire().write(version), wire().write(version)];
    await until(() => load.inFlight === 2);
    const waiting = [wire().write(version), wire().write(version), wire().write(version)];
    await until(() => load.waiting === 3);
    expect(errorOf(await wire().write(version).answer())).toEqual({
      status: 503,
      retryAfter: '1',
      code: 'miroir_overloaded',
      message: 'Too many requests are running at the same time: 2. The line of 3 that wait is full. Retry after 1s.',
    });
    for (const path of ['/health', '/_miroir/ready']) {
      expect(
        (
          await wire()
            .write(requestText(`GET ${path}`))
            .answer()
        ).status,
      ).toBe(200);
    }
    open();
    for (const one of [...running, ...waiting]) expect((await one.answer()).body.toString()).toBe(REACHED);
    await until(() => load.inFlight === 0 && load.waiting === 0);
  });

  it('lets nobody wait for ever', async () => {
    const { wire, load, open } = await start({ limits: { maxConcurrentRequests: 1, queueTimeout: 100 } });
    const running = wire().write(version);
    await until(() => load.inFlight === 1);
    expect(errorOf(await wire().write(version).answer())).toEqual({
      status: 503,
      retryAfter: '1',
      code: 'miroir_overloaded',
      message: 'Too many requests are running at the same time: 1. None of them ended in 100 ms. Retry after 1s.',
    });
    open();
    expect((await running.answer()).status).toBe(200);
  });

  it('counts pipelined requests one by one', async () => {
    const { wire, load, open } = await start({ limits: { maxConcurrentRequests: 2 } });
    const pipeline = wire().write(Buffer.concat([version, version, version, version]));
    await until(() => load.inFlight === 2 && load.waiting === 2);
    open();
    for (let i = 0; i < 4; i++) expect((await pipeline.answer()).body.toString()).toBe(REACHED);
  });

  it('goes on after handlers that fail', async () => {
    const { wire, load, services } = await start({ limits: { maxConcurrentRequests: 1 } });
    services.search.search = async () => {
      throw new ApiError('too_many_search_requests', 'busy', { headers: { 'Retry-After': '10' } });
    };
    for (let i = 0; i < 3; i++) {
      const answer = await wire()
        .write(requestText('POST /indexes/m/search', json, '{}'))
        .answer();
      expect(errorOf(answer)).toMatchObject({ status: 503, retryAfter: '10', code: 'too_many_search_requests' });
    }
    await until(() => load.inFlight === 0);
  });
});
