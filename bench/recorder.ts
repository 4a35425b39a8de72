import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

/** Stands in front of a real node: passes everything on, and answers searches it has seen from memory. */
export interface Recorder {
  readonly address: string;
  /** Searches answered from memory, and searches that had to be passed on, since the last call. */
  takeCounts(): { replayed: number; passed: number };
  stop(): Promise<void>;
}

interface Recorded {
  status: number;
  body: Buffer;
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * A canned-response node that needs no script: the first time a search comes it is answered by the real node behind, from
 * then on by the recording, in next to no time. What is measured in front of it is then the caller's own work.
 */
export async function startRecorder(target: string): Promise<Recorder> {
  const pool = new Pool(target, { connections: 64, pipelining: 1 });
  const recorded = new Map<string, Recorded>();
  let counts = { replayed: 0, passed: 0 };

  const server = createServer(async (request, response) => {
    try {
      const body = await read(request);
      const isSearch = request.method === 'POST' && /\/search$/.test(request.url ?? '');
      const key = `${request.url}\n${body.toString('utf8')}`;
      let answer = isSearch ? recorded.get(key) : undefined;
      if (isSearch) counts[answer === undefined ? 'passed' : 'replayed']++;
      if (answer === undefined) {
        const { host: _host, connection: _connection, 'transfer-encoding': _coding, ...headers } = request.headers;
        const passed = await pool.request({
          method: (request.method ?? 'GET') as 'GET',
          path: request.url ?? '/',
          headers,
          body: body.length > 0 ? body : null,
          reset: !isSearch,
        });
        answer = { status: passed.statusCode, body: Buffer.from(await passed.body.arrayBuffer()) };
        if (isSearch && answer.status === 200) recorded.set(key, answer);
      }
      response.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': answer.body.length });
      response.end(answer.body);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeCounts() {
      const taken = counts;
      counts = { replayed: 0, passed: 0 };
      return taken;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.destroy();
    },
  };
}
