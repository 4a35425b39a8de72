import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Agent, request } from 'undici';
import { ApiError, type ErrorBody } from '../errors/api-error.ts';

/** What speaking to another instance is built from. */
export interface TargetOptions {
  /** Its base URL, as the client gave it. */
  url: string;
  apiKey: string | null;
  signal: AbortSignal;
  /** Milliseconds before the second attempt; doubles up to `longestPauseMs`. */
  firstPauseMs: number;
}

/** The instance that documents are sent to. Its tasks are not waited for, as one Meilisearch does not either. */
export interface Target {
  hasIndex(uid: string): Promise<boolean>;
  createIndex(uid: string, primaryKey: string | null): Promise<void>;
  setPrimaryKey(uid: string, primaryKey: string | null): Promise<void>;
  setSettings(uid: string, settings: unknown): Promise<void>;
  /** One document per line. */
  addDocuments(uid: string, lines: Buffer): Promise<void>;
  close(): Promise<void>;
}

const longestPauseMs = 30_000;
const maxAttempts = 10;
/** Milliseconds the target may take for the head of an answer, and again for its body. */
const timeoutMs = 300_000;
const compress = promisify(gzip);

interface Message {
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: Buffer;
  headers?: Record<string, string>;
}

/** The target's refusal; trying again would not help. */
class Refusal extends Error {
  readonly body: Partial<ErrorBody> | null;

  constructor(text: string) {
    super('refused');
    this.body = readError(text);
  }
}

function readError(text: string): Partial<ErrorBody> | null {
  try {
    const body = JSON.parse(text) as unknown;
    return typeof body === 'object' && body !== null && 'code' in body ? (body as Partial<ErrorBody>) : null;
  } catch {
    return null;
  }
}

/** An error as one Meilisearch reports it in the task of an export. */
function exportError(reason: string): ApiError {
  return new ApiError('internal', `Failed to export documents to remote server ${reason}`);
}

function refusalText({ body }: Refusal): string {
  if (body === null) return 'whose answer is not that of a Meilisearch';
  return `${body.code} (${body.type}): ${body.message} <${body.link}>`;
}

/** Another instance, over connections of its own. A failure to reach it is tried again for some minutes. */
export function createTarget(options: TargetOptions): Target {
  const { signal } = options;
  const agent = new Agent({ connections: 4 });
  const authorization: Record<string, string> =
    options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` };

  async function attempt({ method, path, body, headers }: Message): Promise<string> {
    const answer = await request(options.url + path, {
      method,
      body: body ?? null,
      headers: { ...authorization, ...headers },
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 500 || answer.statusCode === 429) throw new Error(`it answered ${answer.statusCode}`);
    if (answer.statusCode >= 300) throw new Refusal(text);
    return text;
  }

  async function call(message: Message): Promise<void> {
    if (!URL.canParse(options.url)) throw exportError(`at \`${options.url}\`: it is no URL`);
    let pause = options.firstPauseMs;
    for (let tries = 1; ; tries++) {
      try {
        await attempt(message);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Refusal) throw error;
        if (tries === maxAttempts) throw exportError(`after ${tries} attempts: ${(error as Error).message}`);
      }
      await sleep(pause, undefined, { signal });
      pause = Math.min(2 * pause, longestPauseMs);
    }
  }

  /** As `call`, with a refusal as the task's error. */
  async function write(message: Message): Promise<void> {
    try {
      await call(message);
    } catch (error) {
      throw error instanceof Refusal ? exportError(refusalText(error)) : error;
    }
  }

  const json = (value: unknown) => ({
    body: Buffer.from(JSON.stringify(value)),
    headers: { 'content-type': 'application/json' },
  });
  const pathOf = (uid: string) => `/indexes/${uid}`;

  return {
    async hasIndex(uid) {
      try {
        await call({ method: 'GET', path: pathOf(uid) });
        return true;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.body?.code === 'index_not_found') return false;
        throw exportError(refusalText(error));
      }
    },
    createIndex: (uid, primaryKey) => write({ method: 'POST', path: '/indexes', ...json({ uid, primaryKey }) }),
    setPrimaryKey: (uid, primaryKey) => write({ method: 'PATCH', path: pathOf(uid), ...json({ primaryKey }) }),
    setSettings: (uid, settings) => write({ method: 'PATCH', path: `${pathOf(uid)}/settings`, ...json(settings) }),
    async addDocuments(uid, lines) {
      const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
      await write({ method: 'POST', path: `${pathOf(uid)}/documents`, body: await compress(lines), headers });
    },
    close: () => agent.destroy(),
  };
}
