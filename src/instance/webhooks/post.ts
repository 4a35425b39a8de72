import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Agent, request } from 'undici';
import type { Webhook } from './webhook.ts';

const compress = promisify(gzip);

/** Sends one request to a webhook. */
export interface WebhookPoster {
  /** Resolves when the receiver took it (any 2xx); rejects, with a message free of secrets, when it did not. */
  post(hook: Webhook, lines: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Bytes of an answer that are read to keep its connection; nobody looks at them. */
const answerLimit = 64 * 1024;

/** Header values as bytes: HTTP knows no other letters than Latin-1, Meilisearch sends UTF-8. */
function headersOf(hook: Webhook): Record<string, string> {
  const own = Object.entries(hook.headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
  return { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip', ...Object.fromEntries(own) };
}

function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string };
  return code ?? name ?? 'unknown error';
}

/** Posts over kept connections; `timeoutMs` bounds connecting, the answer's head and its body, each. */
export function createWebhookPoster(timeoutMs: number): WebhookPoster {
  const agent = new Agent({ connect: { timeout: timeoutMs }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  return {
    async post(hook, lines, signal) {
      const body = await compress(lines);
      let status: number;
      try {
        const url = new URL(hook.url);
        const options = { method: 'POST', headers: headersOf(hook), body, dispatcher: agent, signal } as const;
        const answer = await request(url, options);
        status = answer.statusCode;
        await answer.body.dump({ limit: answerLimit, signal });
      } catch (error) {
        throw new Error(`no answer (${reasonOf(error)})`);
      }
      if (status < 200 || status > 299) throw new Error(`HTTP ${status}`);
    },
    close: () => agent.destroy(),
  };
}
