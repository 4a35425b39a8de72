import { ApiError } from '../../errors/api-error.ts';
import { urlProblem } from '../../indexes/settings/url-problem.ts';

/** Where ended tasks are sent. Header values may be credentials: they are stored and shown, never logged. */
export interface Webhook {
  /** UUID v4, lower case. */
  uuid: string;
  url: string;
  headers: Record<string, string>;
}

/** What a client may say about a webhook; null empties, absent leaves as it is. */
export interface WebhookChange {
  url?: string | null | undefined;
  headers?: ReadonlyMap<string, string | null> | null | undefined;
}

/** Meilisearch's limits. */
export const maxWebhooks = 20;
const maxHeaders = 200;

/** The webhook that Meilisearch's command line defines; Miroir has none, but its uuid is reserved. */
const commandLineUuid = '00000000-0000-0000-0000-000000000000';

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The object of the webhook routes as JSON text. */
export function webhookView({ uuid, url, headers }: Webhook): string {
  return JSON.stringify({ uuid, isEditable: true, url, headers });
}

export function webhookNotFound(uuid: string): ApiError {
  return new ApiError('webhook_not_found', `Webhook \`${uuid}\` not found.`);
}

/** Refuses to touch the one that only the command line defines. */
export function checkEditable(uuid: string): void {
  if (uuid !== commandLineUuid) return;
  throw new ApiError(
    'immutable_webhook',
    `Webhook \`${uuid}\` is immutable. The webhook defined from the command line cannot be modified using the API.`,
  );
}

export function tooManyWebhooks(): ApiError {
  return new ApiError(
    'invalid_webhooks',
    `Defining too many webhooks would crush the server. Please limit the number of webhooks to ${maxWebhooks}. You may use a third-party proxy server to dispatch events to more than ${maxWebhooks} endpoints.`,
  );
}

function checkHeaders(uuid: string, headers: Record<string, string>): void {
  const entries = Object.entries(headers);
  if (entries.length > maxHeaders) {
    throw new ApiError(
      'invalid_webhook_headers',
      `Too many headers for the webhook \`${uuid}\`. Please limit the number of headers to ${maxHeaders}. Hint: To remove an already defined header set its value to \`null\``,
    );
  }
  for (const [name, value] of entries) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
      throw new ApiError('invalid_webhook_headers', `Invalid header name \`${name}\`: invalid HTTP header name`);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
      throw new ApiError('invalid_webhook_headers', `Invalid header value \`${name}\`: failed to parse header value`);
    }
  }
}

function checkUrl(uuid: string, url: string): void {
  if (url === '') throw new ApiError('invalid_webhook_url', `The URL for the webhook \`${uuid}\` is missing.`);
  const problem = urlProblem(url);
  if (problem !== null) throw new ApiError('invalid_webhook_url', `Invalid URL \`${url}\`: ${problem}`);
}

/** Headers in ascending order of their names' bytes, as Meilisearch keeps them. */
function sorted(headers: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...headers].sort(([a], [b]) => byBytes(a, b)));
}

function checked(hook: Webhook): Webhook {
  checkHeaders(hook.uuid, hook.headers);
  checkUrl(hook.uuid, hook.url);
  return hook;
}

/** A new webhook. A header that is null becomes an empty one, as in Meilisearch. Throws `ApiError` for what is not acceptable. */
export function newWebhook(uuid: string, { url, headers }: WebhookChange): Webhook {
  const given = [...(headers ?? [])].map(([name, value]) => [name, value ?? ''] as const);
  return checked({ uuid, url: url ?? '', headers: sorted(new Map(given)) });
}

/** A webhook after a change: headers are merged, one that is null goes. */
export function changedWebhook(hook: Webhook, { url, headers }: WebhookChange): Webhook {
  const merged = new Map(headers === null ? [] : Object.entries(hook.headers));
  for (const [name, value] of headers ?? []) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return checked({ uuid: hook.uuid, url: url === undefined ? hook.url : (url ?? ''), headers: sorted(merged) });
}
