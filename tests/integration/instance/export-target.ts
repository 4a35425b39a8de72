import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

const missing = JSON.stringify({ message: 'no', code: 'index_not_found', type: 'invalid_request', link: '' });

/** A receiver of exports that can be made to fail and to dawdle, which no real server can; it notes what arrives. */
export async function startTarget(delayMs = 0) {
  const received = new Map<string, string[]>();
  const heads: string[] = [];
  let requests = 0;
  let refuse: (() => number) | null = null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      requests++;
      await sleep(delayMs);
      const [, , uid = '', part] = (request.url ?? '').split('/');
      const status = refuse?.() ?? 200;
      if (status !== 200) response.writeHead(status).end();
      else if (request.method === 'GET') response.writeHead(404).end(missing);
      else {
        if (part === 'documents') {
          const lines = gunzipSync(Buffer.concat(chunks)).toString().trimEnd().split('\n');
          received.set(uid, [...(received.get(uid) ?? []), ...lines]);
        } else heads.push(`${request.method} ${request.url}`);
        response.writeHead(202).end('{}');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    get requests() {
      return requests;
    },
    /** Answer with these statuses from now on; null for success. */
    answer(statuses: (() => number) | null) {
      refuse = statuses;
    },
    /** The documents that arrived, in order, as often as they did. */
    documents: (uid: string): readonly string[] => received.get(uid) ?? [],
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
