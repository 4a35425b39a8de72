import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { type RawRequest, type Server, send, sendJson } from '../../support/http.ts';

/** A task as clients see it. */
export interface Task {
  uid: number;
  type: string;
  status: string;
  indexUid: string | null;
  canceledBy: number | null;
  details?: Record<string, unknown>;
  error: { message: string; code: string } | null;
}

/** Wait until a task has ended. */
export async function ended(server: Server, uid: number): Promise<Task> {
  for (const deadline = Date.now() + 50_000; Date.now() < deadline; await sleep(20)) {
    const task = await sendJson<Task>(server, 'GET', `/tasks/${uid}`);
    if (!['enqueued', 'processing'].includes(task.status)) return task;
  }
  throw new Error(`task ${uid} did not end`);
}

/** Send a write and wait until its task has ended. */
export async function run(server: Server, method: RawRequest['method'], path: string, body?: unknown): Promise<Task> {
  const { taskUid } = await sendJson<{ taskUid: number }>(server, method, path, body);
  return ended(server, taskUid);
}

/** Status and body of a request with a JSON body given as text; uuids replaced, so that answers can be compared. */
export async function ask(server: Server, method: RawRequest['method'], path: string, body?: string): Promise<string> {
  const answer = await send(server, { method, path, ...(body === undefined ? {} : { body }) });
  const shown = answer.text.replaceAll(
    /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g,
    '<uuid>',
  );
  return `${answer.status} ${answer.headers.allow ?? ''} ${shown}`;
}

/** One request that a receiver got. */
export interface Delivery {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  tasks: Task[];
}

/** A local HTTP server that notes webhook deliveries. */
export async function startReceiver() {
  const deliveries: Delivery[] = [];
  let refuse: (() => number) | null = null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = refuse?.() ?? 200;
      if (status === 200) {
        const lines = gunzipSync(Buffer.concat(chunks)).toString().trimEnd().split('\n');
        const { method, url, headers } = request;
        deliveries.push({ method, path: url, headers, tasks: lines.map((line) => JSON.parse(line) as Task) });
      }
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    /** Answer with these statuses from now on. */
    answer(statuses: (() => number) | null) {
      refuse = statuses;
    },
    uids: () => deliveries.flatMap(({ tasks }) => tasks.map(({ uid }) => uid)),
    /** Wait until every one of these tasks was delivered. */
    async waitFor(uids: readonly number[]): Promise<void> {
      for (const deadline = Date.now() + 50_000; Date.now() < deadline; await sleep(20)) {
        const seen = new Set(this.uids());
        if (uids.every((uid) => seen.has(uid))) return;
      }
      throw new Error(`tasks ${uids} were not all delivered; got ${this.uids()}`);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
