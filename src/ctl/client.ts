import type { AdminReady, AdminShards, AdminTask, AdminTopology } from '../placement/admin-types.ts';
import { CtlError, exitCodes } from './errors.ts';

/** The admin API of one Miroir. Every method rejects with a `CtlError`. */
export interface AdminClient {
  readonly url: string;
  topology(): Promise<AdminTopology>;
  shards(): Promise<AdminShards>;
  ready(): Promise<AdminReady>;
  task(uid: number): Promise<AdminTask>;
}

interface ErrorAnswer {
  message?: string;
  code?: string;
}

function failure(status: number, answer: ErrorAnswer, hasKey: boolean): CtlError {
  const message = answer.message ?? `HTTP ${status}`;
  if (status !== 401 && status !== 403) return new CtlError(exitCodes.failed, message);
  const hint = hasKey
    ? 'Check the admin key that was given.'
    : 'No admin key was given: set MIROIR_ADMIN_API_KEY, write ~/.config/miroir/credentials or pass --admin-key.';
  return new CtlError(exitCodes.refused, `${message} ${hint}`);
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}

function baseUrl(url: string): string {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '');
  throw new CtlError(exitCodes.usage, `--url ${url}: expected an http:// or https:// URL`);
}

/** A client; `timeoutMs` bounds each request. */
export function createAdminClient(options: { url: string; adminKey: string | null; timeoutMs: number }): AdminClient {
  const url = baseUrl(options.url);

  async function get<T>(path: string, usable: readonly number[] = [200]): Promise<T> {
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${url}${path}`, {
        headers: options.adminKey === null ? {} : { authorization: `Bearer ${options.adminKey}` },
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new CtlError(exitCodes.unreachable, `nothing answers at ${url} (${reasonOf(error)})`);
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new CtlError(exitCodes.failed, `${url}${path} answered HTTP ${status} with no JSON; is this a Miroir?`);
    }
    if (usable.includes(status)) return body as T;
    throw failure(status, body as ErrorAnswer, options.adminKey !== null);
  }

  return {
    url,
    topology: () => get('/_miroir/topology'),
    shards: () => get('/_miroir/shards'),
    ready: () => get('/_miroir/ready', [200, 503]),
    task: (uid) => get(`/_miroir/tasks/${uid}`),
  };
}
