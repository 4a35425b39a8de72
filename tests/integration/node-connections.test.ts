import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Oracle, startOracle } from '../support/oracle.ts';
import { Wire } from './http/sockets.ts';

/**
 * A node that answers without having read the body never answers again on that connection, so `src/nodes/client.ts` keeps connections
 * only after requests whose body is always read.
 */

let node: Oracle;

beforeAll(async () => {
  node = await startOracle();
});
afterAll(() => node?.stop());

/** Sends a request whose body comes late and in pieces, and another one after its answer; resolves with both statuses. */
async function askTwice(path: string, key: string, body: string): Promise<[number, number]> {
  const wire = new Wire(node.address);
  const head = `host: a\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json`;
  wire.write(`POST ${path} HTTP/1.1\r\n${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`);
  for (const piece of [body.slice(0, 1_000), body.slice(1_000)]) {
    await sleep(10);
    wire.write(piece);
  }
  const first = await wire.answer();
  wire.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n');
  const second = await wire.answer();
  wire.abort();
  return [first.status, second.status];
}

test('a node reads what is sent to `/documents/fetch` and to searches also when it refuses', async () => {
  const ids = Array.from({ length: 30_000 }, (_, i) => `key-${i}`);
  const fetch = JSON.stringify({ ids });
  const search = JSON.stringify({ filter: ids.map((id) => `id = ${id}`).join(' OR ') });
  const all: [number, string, string, string][] = [
    [404, '/indexes/nowhere/documents/fetch', node.masterKey, fetch],
    [403, '/indexes/nowhere/documents/fetch', 'wrong', fetch],
    [400, '/indexes/nowhere/documents/fetch', node.masterKey, JSON.stringify({ unknown: ids })],
    [404, '/indexes/nowhere/search', node.masterKey, search],
    [403, '/indexes/nowhere/search', 'wrong', search],
  ];
  for (const [status, path, key, body] of all) expect(await askTwice(path, key, body)).toEqual([status, 200]);
});
