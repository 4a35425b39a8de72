import { createServer } from 'node:http';
import { Pool } from 'undici';

/**
 * The least that a proxy in Node.js can do: read the request, send it on, send the answer back, nothing parsed. Started as
 * a process of its own with the port to listen on and the address behind it; the yardstick for Miroir's work per search.
 */
const [port, target] = process.argv.slice(2);
if (port === undefined || target === undefined) throw new Error('usage: pass-through <port> <target address>');

const pool = new Pool(target, { connections: 64, pipelining: 1 });

createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const answer = await pool.request({
    method: (request.method ?? 'GET') as 'POST',
    path: request.url ?? '/',
    headers: {
      authorization: request.headers.authorization,
      'content-type': 'application/json',
      'accept-encoding': 'identity',
    },
    body: chunks.length > 0 ? Buffer.concat(chunks) : null,
  });
  const body = Buffer.from(await answer.body.arrayBuffer());
  response.writeHead(answer.statusCode, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}).listen(Number(port), '127.0.0.1');
