import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

/** What a yardstick gets of a request. */
export interface Asked {
  path: string;
  body: string;
  authorization: string | undefined;
}

/** Serves every request by `answer` on a free port, and prints the address: the frame of the yardsticks. */
export function serve(answer: (asked: Asked) => Promise<Buffer>): void {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { url: path = '/', headers } = request;
      const body = await answer({ path, body: Buffer.concat(chunks).toString(), authorization: headers.authorization });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => console.info(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
}

/** Sends a request on to a node: the least that a proxy in Node.js does. */
export function sender(target: string): (asked: Asked) => Promise<Buffer> {
  const pool = new Pool(target, { connections: 64, pipelining: 1, keepAliveTimeout: 600_000 });
  return async ({ path, body, authorization }) => {
    const headers = { authorization, 'content-type': 'application/json', 'accept-encoding': 'identity' };
    const answer = await pool.request({ method: 'POST', path, headers, body });
    return Buffer.from(await answer.body.arrayBuffer());
  };
}
