import { createServer } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBody } from '../../../src/http/body.ts';

const MiB = 2 ** 20;
const limits = { maxBytes: 8 * MiB, stallMs: 5_000 };
const memory = { expect: () => undefined, grow: () => undefined };

let port = 0;
let seen: (body: Buffer) => void = () => undefined;
const server = createServer(async (request, response) => {
  seen(await readBody(request, limits, memory));
  response.end();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  port = address.port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Sends a body in pieces that end at these fractions of it; resolves with what was read. */
async function readBack(body: Buffer, ends: readonly number[], headers: string, chunked: boolean): Promise<Buffer> {
  const read = new Promise<Buffer>((resolve) => {
    seen = resolve;
  });
  const socket = connect(port, '127.0.0.1');
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}${length}\r\n\r\n`);
  const cuts = [0, ...ends.map((end) => Math.floor(end * body.length)).sort((a, b) => a - b), body.length];
  for (let i = 1; i < cuts.length; i++) {
    const piece = body.subarray(cuts[i - 1], cuts[i]);
    if (piece.length === 0) continue;
    if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
    socket.write(chunked ? Buffer.concat([piece, Buffer.from('\r\n')]) : piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (chunked) socket.write('0\r\n\r\n');
  const back = await read;
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return back;
}

test('bodies of any size are read as they were sent, however they are cut and whatever was announced', async () => {
  const ends = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
  const sizes = fc.constantFrom(0, 1, 1_000, MiB - 1, MiB, MiB + 1, 3 * MiB + 7, 8 * MiB);
  await fc.assert(
    fc.asyncProperty(sizes, ends, fc.boolean(), fc.boolean(), async (size, cuts, chunked, zipped) => {
      const body = Buffer.alloc(size, 'every byte at its own place, as 13 does not divide the pieces');
      const [sent, header] = zipped ? [gzipSync(body), 'Content-Encoding: gzip\r\n'] : [body, ''];
      expect((await readBack(sent, cuts, header, chunked)).equals(body)).toBe(true);
    }),
    { seed: 11, numRuns: 60 },
  );
});
