import type { Readable } from 'node:stream';
import { request } from 'undici';
import type {
  AdminPlan,
  AdminReady,
  AdminRebalance,
  AdminReshard,
  AdminShards,
  AdminTask,
  AdminTopology,
  AdminVerification,
} from '../placement/admin-types.ts';
import { CtlError, exitCodes } from './errors.ts';
import type { TopologyRequest } from './topology-verbs.ts';

/** The admin API of one Miroir. Every method rejects with a `CtlError`. */
export interface AdminClient {
  readonly url: string;
  topology(): Promise<AdminTopology>;
  shards(): Promise<AdminShards>;
  ready(): Promise<AdminReady>;
  task(uid: number): Promise<AdminTask>;
  rebalance(): Promise<AdminRebalance>;
  steer(action: 'pause' | 'resume' | 'cancel'): Promise<{ rebalance: AdminRebalance }>;
  /** A change of nodes, groups or copies; with `dryRun` the plan of it. */
  changeTopology(
    request: TopologyRequest,
    flags: { force: boolean; dryRun: boolean },
  ): Promise<{ rebalance: AdminRebalance } | { plan: AdminPlan }>;
  verify(index: string): Promise<AdminVerification>;
  verification(index: string): Promise<AdminVerification>;
  /** How far the resharding of an index is. */
  reshard(index: string): Promise<AdminReshard>;
  turnReshard(index: string, request: ReshardRequest): Promise<AdminReshard>;
  createDump(): Promise<TaskSummary>;
  /** Sends the dump as it is read; takes as long as that takes. */
  importDump(dump: { stream: Readable; size: number }, onConflict: string): Promise<TaskSummary>;
  /** `name` is a file in the server's folder of dumps. */
  importServerFile(name: string, onConflict: string): Promise<TaskSummary>;
}

/** Begin a resharding, or turn the one of the index. */
export type ReshardRequest = { shards: number } | 'abort' | 'rollback' | 'finish';

/** What a request that becomes a task is answered with. */
export interface TaskSummary {
  taskUid: number;
  type: string;
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

  const authorization: Record<string, string> =
    options.adminKey === null ? {} : { authorization: `Bearer ${options.adminKey}` };

  /** The JSON of an answer with one of the usable statuses; `ask` sends the request. */
  async function read<T>(
    path: string,
    usable: readonly number[],
    ask: (address: string) => Promise<{ status: number; text: string }>,
  ): Promise<T> {
    const { status, text } = await ask(`${url}${path}`).catch((error: unknown) => {
      throw new CtlError(exitCodes.unreachable, `nothing answers at ${url} (${reasonOf(error)})`);
    });
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new CtlError(exitCodes.failed, `${url}${path} answered HTTP ${status} with no JSON; is this a Miroir?`);
    }
    if (usable.includes(status)) return body as T;
    throw failure(status, body as ErrorAnswer, options.adminKey !== null);
  }

  function get<T>(path: string, usable: readonly number[] = [200]): Promise<T> {
    return read(path, usable, async (address) => {
      const response = await fetch(address, {
        headers: authorization,
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    });
  }

  /** `timeoutMs` 0: no limit, for bodies of any size. */
  function post<T>(path: string, headers: Record<string, string>, body: string | Readable | null, timeoutMs: number) {
    return read<T>(path, [202], async (address) => {
      const answer = await request(address, {
        method: 'POST',
        headers: { ...authorization, ...headers },
        body,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    });
  }

  /** Sends JSON, if any. */
  function send<T>({ method, path, body }: TopologyRequest): Promise<T> {
    return read<T>(path, [200, 202], async (address) => {
      const response = await fetch(address, {
        method,
        headers: body === undefined ? authorization : { ...authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    });
  }

  const verifyPath = (index: string) => `/_miroir/indexes/${encodeURIComponent(index)}/verify`;
  const reshardPath = (index: string) => `/_miroir/indexes/${encodeURIComponent(index)}/reshard`;
  const importPath = (onConflict: string) => `/_miroir/dumps/import?onConflict=${encodeURIComponent(onConflict)}`;

  return {
    url,
    topology: () => get('/_miroir/topology'),
    shards: () => get('/_miroir/shards'),
    ready: () => get('/_miroir/ready', [200, 503]),
    task: (uid) => get(`/_miroir/tasks/${uid}`),
    rebalance: () => get('/_miroir/rebalance/status'),
    steer: (action) => send({ method: 'POST', path: '/_miroir/rebalance', body: { action } }),
    changeTopology: (change, { force, dryRun }) =>
      send({ ...change, path: `${change.path}?force=${force}&dryRun=${dryRun}` }),
    verify: (index) => post(verifyPath(index), {}, null, options.timeoutMs),
    verification: (index) => get(verifyPath(index)),
    reshard: (index) => get(reshardPath(index)),
    turnReshard(index, change) {
      const path = reshardPath(index);
      if (change === 'abort') return send({ method: 'DELETE', path });
      if (typeof change === 'string') return send({ method: 'POST', path: `${path}/${change}` });
      return send({ method: 'POST', path, body: change });
    },
    createDump: () => post('/_miroir/dumps', {}, null, options.timeoutMs),
    importDump: ({ stream, size }, onConflict) =>
      post(importPath(onConflict), { 'content-type': 'application/gzip', 'content-length': String(size) }, stream, 0),
    importServerFile: (name, onConflict) =>
      post(
        importPath(onConflict),
        { 'content-type': 'application/json' },
        JSON.stringify({ path: name }),
        options.timeoutMs,
      ),
  };
}
