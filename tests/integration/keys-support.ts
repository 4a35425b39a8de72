import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiError } from '../../src/errors/api-error.ts';
import type { KeyService } from '../../src/http/services.ts';
import type { Caller } from '../../src/keys/caller.ts';
import { type LocalNode, startLocalNode } from '../../src/nodes/local.ts';

/** A real server in a folder of its own. */
export interface Oracle {
  call(method: string, path: string, authorization?: string, body?: unknown): Promise<Reply>;
  stop(): Promise<void>;
}

export interface Reply {
  status: number;
  body: Record<string, unknown> | null;
}

/** Start a real server; without a master key the variable must be absent, as an empty one is a key of no letters. */
export async function startOracle(masterKey: string | null): Promise<Oracle> {
  const directory = mkdtempSync(join(tmpdir(), 'miroir-keys-'));
  const node: LocalNode = await startLocalNode({
    id: 'oracle',
    directory,
    masterKey: (masterKey ?? undefined) as string,
  });
  return {
    async call(method, path, authorization, body) {
      const response = await fetch(node.address + path, {
        method,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    },
    async stop() {
      await node.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A key that the suites make first, so that making it again through the API changes nothing. */
export const existingKey = '00000000-0000-4000-8000-00000000eeee';

/**
 * Routes with the action each asks for. The bodies are well-formed, because the real server checks body and credentials
 * side by side and answers either way when both are wrong; they are chosen so that being allowed does no harm.
 */
export const routes: readonly (readonly [method: string, path: string, action: string, body?: unknown])[] = [
  ['GET', '/version', 'version'],
  ['GET', '/stats', 'stats.get'],
  ['GET', '/indexes', 'indexes.get'],
  ['POST', '/indexes', 'indexes.create', { uid: 'made' }],
  ['GET', '/indexes/{}', 'indexes.get'],
  ['PATCH', '/indexes/{}', 'indexes.update', {}],
  ['DELETE', '/indexes/{}', 'indexes.delete'],
  ['GET', '/indexes/{}/stats', 'stats.get'],
  ['POST', '/indexes/{}/search', 'search', {}],
  ['GET', '/indexes/{}/search', 'search'],
  ['POST', '/indexes/{}/facet-search', 'search', { facetName: 'x' }],
  ['GET', '/indexes/{}/documents', 'documents.get'],
  ['POST', '/indexes/{}/documents', 'documents.add', []],
  ['POST', '/indexes/{}/documents/delete', 'documents.delete', { filter: 'x = 1' }],
  ['POST', '/indexes/{}/documents/edit', 'documents.*', { function: 'doc' }],
  ['GET', '/indexes/{}/settings', 'settings.get'],
  ['PATCH', '/indexes/{}/settings', 'settings.update', {}],
  ['POST', '/multi-search', 'search', { queries: [] }],
  ['POST', '/swap-indexes', 'indexes.swap', []],
  ['GET', '/tasks', 'tasks.get'],
  ['POST', '/tasks/cancel', 'tasks.cancel'],
  ['DELETE', '/tasks', 'tasks.delete'],
  ['GET', '/keys', 'keys.get'],
  ['POST', '/keys', 'keys.create', { uid: existingKey, actions: [], indexes: [], expiresAt: null }],
  ['PATCH', '/keys/nobody', 'keys.update', {}],
  ['DELETE', '/keys/nobody', 'keys.delete'],
  ['POST', '/dumps', 'dumps.create'],
  ['POST', '/export', 'export', { url: 'not a url' }],
  ['GET', '/experimental-features', 'experimental.get'],
  ['PATCH', '/experimental-features', 'experimental.update', {}],
  ['GET', '/network', 'network.get'],
  ['PATCH', '/network', 'network.update', {}],
  ['GET', '/webhooks', 'webhooks.get'],
  ['POST', '/webhooks', 'webhooks.create', {}],
  ['PATCH', '/webhooks/00000000-0000-4000-8000-000000000000', 'webhooks.update', {}],
  ['DELETE', '/webhooks/00000000-0000-4000-8000-000000000000', 'webhooks.delete'],
  ['GET', '/metrics', 'metrics.get'],
  ['GET', '/chats', 'chats.get'],
  ['GET', '/chats/nobody/settings', 'chatsSettings.get'],
  ['PATCH', '/chats/nobody/settings', 'chatsSettings.update', {}],
];

const refusals = new Set(['missing_authorization_header', 'invalid_api_key', 'missing_master_key']);

/** `allowed`, or why not; the current second in the message of an expired token is left out. */
export type Verdict = 'allowed' | { status: number; code: unknown; message: string };

const withoutNow = (message: string) => message.replace(/we're now `\d+`/, "we're now `…`");

/** What the real server decided. */
export function verdictOf({ status, body }: Reply): Verdict {
  if (body === null || !refusals.has(String(body.code))) return 'allowed';
  return { status, code: body.code, message: withoutNow(String(body.message)) };
}

/** What the service decides. */
export async function judge(
  service: KeyService,
  authorization: string | undefined,
  action: string,
  index: string | null,
): Promise<{ verdict: Verdict; caller: Caller | null }> {
  try {
    const caller = await service.authorise(authorization, action, index);
    return { verdict: 'allowed', caller };
  } catch (error) {
    const { status, code, message } = error as ApiError;
    return { verdict: { status, code, message: withoutNow(message) }, caller: null };
  }
}

const hashes: Record<string, string> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** A signed token from claims or from payload text. */
export function sign(claims: unknown, secret: string, alg = 'HS256', header: object = {}): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const message = `${part({ alg, typ: 'JWT', ...header })}.${part(claims)}`;
  return `${message}.${createHmac(hashes[alg] ?? 'sha256', secret)
    .update(message)
    .digest('base64url')}`;
}
