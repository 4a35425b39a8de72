import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createNodeClient, type NodeClient } from '../../../src/nodes/client.ts';

let client: NodeClient;
const server = createServer((request, response) => {
  request.resume();
  response.end('{"taskUid":1}');
});

afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a request over a connection of its own', () => {
  test('shares none with what came before or comes after', async () => {
    const served = new Map<Socket, string[]>();
    server.on('request', ({ socket, method = '' }) => served.set(socket, [...(served.get(socket) ?? []), method]));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = createNodeClient({ id: 'a', address: `http://127.0.0.1:${port}`, timeoutMs: 5_000 });
    const read = { method: 'GET', path: '/tasks' } as const;
    const write = { method: 'PATCH', path: '/indexes/a/settings', body: '{}', ownConnection: true } as const;
    for (let i = 0; i < 4; i++) {
      await client.request(read);
      expect((await client.request(write)).status).toBe(200);
    }
    const withWrites = [...served.values()].filter((methods) => methods.includes('PATCH'));
    expect(withWrites).toEqual([['PATCH'], ['PATCH'], ['PATCH'], ['PATCH']]);
  });
});
