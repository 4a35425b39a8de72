import { Agent, request } from 'undici';

/** An answer as it came, nothing parsed. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A request as it goes out; `body` is sent byte for byte. */
export interface RawRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  path: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
}

/** Something that speaks Meilisearch's API at an address: a real node or Miroir. */
export interface Server {
  readonly address: string;
  readonly masterKey: string;
}

const kept = new Agent({ connections: 16, keepAliveTimeout: 10_000 });

/**
 * Send one request. Searches share kept connections; all else closes its own, because a node leaves a connection unusable
 * after an answer that did not read the body. `Authorization` and the JSON content type are filled in unless named;
 * a header given as an empty string is left out.
 */
export async function send(server: Server, raw: RawRequest): Promise<RawAnswer> {
  const headers: Record<string, string> = {
    'accept-encoding': 'identity',
    authorization: `Bearer ${server.masterKey}`,
    ...(raw.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...raw.headers,
  };
  for (const [name, value] of Object.entries(headers)) if (value === '') delete headers[name];
  const answer = await request(server.address + raw.path, {
    method: raw.method,
    headers,
    body: raw.body ?? null,
    dispatcher: kept,
    reset: !raw.path.includes('search'),
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** Send a JSON value and read a JSON answer; throws when the status is not 2xx. */
export async function sendJson<T = Record<string, unknown>>(
  server: Server,
  method: RawRequest['method'],
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await send(server, { method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
  return JSON.parse(answer.text) as T;
}

/** What tests read of a task. */
export interface TaskView {
  uid: number;
  status: 'enqueued' | 'processing' | 'succeeded' | 'failed' | 'canceled';
  error: { code: string; message: string } | null;
  details?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Poll until the task has ended; throws after `timeoutMs`. */
export async function waitForTask(server: Server, uid: number, timeoutMs = 120_000): Promise<TaskView> {
  const deadline = Date.now() + timeoutMs;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 100)) {
    const task = await sendJson<TaskView>(server, 'GET', `/tasks/${uid}`);
    if (task.status !== 'enqueued' && task.status !== 'processing') return task;
    if (Date.now() > deadline) throw new Error(`task ${uid} is still ${task.status} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Send a write and wait for its task, which must succeed. */
export async function write(server: Server, raw: RawRequest): Promise<TaskView> {
  const answer = await send(server, raw);
  if (answer.status !== 202) throw new Error(`${raw.method} ${raw.path} answered ${answer.status}: ${answer.text}`);
  const task = await waitForTask(server, (JSON.parse(answer.text) as { taskUid: number }).taskUid);
  if (task.status !== 'succeeded') throw new Error(`task ${task.uid} ${task.status}: ${JSON.stringify(task.error)}`);
  return task;
}
