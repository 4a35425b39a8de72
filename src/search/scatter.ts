import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { type ErrorCode, errorCodes } from '../errors/codes.ts';
import type { NodeClient, NodeRequest, NodeResponse } from '../nodes/client.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import { reveal } from './disguise.ts';
import { heldCounts, planReads } from './plan.ts';

/** What reading from the nodes is built from. */
export interface ScatterOptions {
  view: () => ClusterView;
  clients: { get(nodeId: string): NodeClient };
  /** Milliseconds for one request; all attempts for a shard together get twice that. */
  nodeTimeoutMs: number;
  /** Whether a read with unreachable shards answers from the rest or fails. */
  unavailableShards: 'partial' | 'error';
  errors: { toLogical(error: ErrorBody, index: IndexRecord): ErrorBody };
  metrics: { fanOut(nodes: number): void; retry(): void; partial(): void };
}

/** One kind of request to all shards asked for. */
export interface ScatterRequest<T> {
  index: IndexRecord;
  shards: readonly number[];
  /** Position of the first group to ask, taken modulo the number of groups. */
  startGroup: number;
  /** `whole`: the node holds these shards and no others, so that the shard filter may be left out. */
  build(shards: readonly number[], whole: boolean, nodeId: string): NodeRequest;
  /** Reads a node's 200 answer; what it throws counts as a failure of the node. */
  read(text: string): T;
  /** A 404 with this code is an answer too, namely this one. */
  absent?: { code: ErrorCode; value: T };
}

/** One node's answer for some shards. */
export interface ShardAnswer<T> {
  nodeId: string;
  shards: readonly number[];
  value: T;
}

/** All answers, by node id and first shard, and the shards that none covers (ascending). */
export interface ScatterResult<T> {
  answers: ShardAnswer<T>[];
  missing: number[];
}

/** Sends a read to one copy of each shard, going over to other copies where nodes fail. */
export type Scatter = <T>(request: ScatterRequest<T>) => Promise<ScatterResult<T>>;

/** Attempts per shard, the first included. */
const maxAttempts = 4;

type Outcome<T> =
  | { kind: 'answer'; value: T }
  | { kind: 'refused'; error: ErrorBody; status: number }
  | { kind: 'failed'; overload: ApiError | null };

function parseError(text: string): ErrorBody | null {
  try {
    const body = JSON.parse(text) as Partial<ErrorBody> | null;
    return typeof body?.code === 'string' && typeof body.message === 'string' ? (body as ErrorBody) : null;
  } catch {
    return null;
  }
}

function overloaded(response: NodeResponse): ApiError | null {
  const error = parseError(response.text);
  if (error?.code !== 'too_many_search_requests') return null;
  return new ApiError('too_many_search_requests', error.message, {
    headers: { 'Retry-After': response.retryAfter ?? '10' },
  });
}

/** A node's 400 is the client's mistake; every other refusal is the node's own trouble, and another copy may do better. */
function judge<T>(response: NodeResponse, { read, absent }: ScatterRequest<T>): Outcome<T> {
  if (response.status === 200) {
    try {
      return { kind: 'answer', value: read(response.text) };
    } catch {
      return { kind: 'failed', overload: null };
    }
  }
  if (response.status === 404 && absent !== undefined && parseError(response.text)?.code === absent.code) {
    return { kind: 'answer', value: absent.value };
  }
  const error = response.status === 400 ? parseError(response.text) : null;
  if (error !== null && error.code in errorCodes) return { kind: 'refused', error, status: response.status };
  return { kind: 'failed', overload: overloaded(response) };
}

/** One read in progress: what has been answered, refused and given up so far. */
class Gathering<T> {
  readonly #options: ScatterOptions;
  readonly #request: ScatterRequest<T>;
  readonly #view: ClusterView;
  readonly #held: Map<string, number>;
  readonly #deadline: number;
  readonly #failedNodes = new Set<string>();
  readonly answers: ShardAnswer<T>[] = [];
  readonly refusals: { nodeId: string; error: ErrorBody; status: number }[] = [];
  readonly missing: number[] = [];
  overload: ApiError | null = null;

  constructor(options: ScatterOptions, request: ScatterRequest<T>) {
    this.#options = options;
    this.#request = request;
    this.#view = options.view();
    this.#held = heldCounts(this.#view, request.index);
    this.#deadline = performance.now() + 2 * options.nodeTimeoutMs;
  }

  async cover(shards: readonly number[], attempt: number): Promise<void> {
    const { index, startGroup } = this.#request;
    const plan = planReads(this.#view, index, shards, startGroup, this.#failedNodes);
    this.missing.push(...plan.missing);
    if (attempt === 1) this.#options.metrics.fanOut(plan.byNode.size);
    await Promise.all([...plan.byNode].map(([node, part]) => this.#ask(node, part, attempt)));
  }

  async #ask(nodeId: string, shards: readonly number[], attempt: number): Promise<void> {
    const outcome = await this.#send(nodeId, shards);
    if (outcome.kind === 'answer') {
      this.answers.push({ nodeId, shards, value: outcome.value });
    } else if (outcome.kind === 'refused') {
      this.refusals.push({ nodeId, error: outcome.error, status: outcome.status });
    } else {
      this.overload ??= outcome.overload;
      this.#failedNodes.add(nodeId);
      if (attempt >= maxAttempts || performance.now() >= this.#deadline) {
        this.missing.push(...shards);
        return;
      }
      this.#options.metrics.retry();
      await this.cover(shards, attempt + 1);
    }
  }

  async #send(nodeId: string, shards: readonly number[]): Promise<Outcome<T>> {
    const left = this.#deadline - performance.now();
    const timeoutMs = Math.max(1, Math.ceil(Math.min(this.#options.nodeTimeoutMs, left)));
    const request = this.#request.build(shards, this.#held.get(nodeId) === shards.length, nodeId);
    let response: NodeResponse;
    try {
      response = await this.#options.clients.get(nodeId).request({ ...request, timeoutMs });
    } catch {
      return { kind: 'failed', overload: null };
    }
    return judge(response, this.#request);
  }
}

function unavailable(shards: readonly number[]): ApiError {
  const named = shards.length === 1 ? `Shard ${shards[0]} is` : `Shards ${shards.join(', ')} are`;
  return new ApiError(
    'miroir_shard_unavailable',
    `${named} unavailable: no in-sync copy could be reached. Retry, or see \`GET /_miroir/shards\`.`,
  );
}

const byNode = (a: { nodeId: string; shards: readonly number[] }, b: typeof a) =>
  a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : (a.shards[0] ?? 0) - (b.shards[0] ?? 0);

/**
 * Build the scatter of a process. A read fails with the nodes' own 400 (the one of the first node by id, in logical
 * words), with `too_many_search_requests` when nothing but overloaded nodes is left, and with `miroir_shard_unavailable`
 * when shards are missing and the policy says so, or when nothing at all could be read.
 */
export function createScatter(options: ScatterOptions): Scatter {
  return async (request) => {
    const gathering = new Gathering(options, request);
    await gathering.cover(request.shards, 1);
    const refusal = gathering.refusals.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1))[0];
    if (refusal !== undefined) {
      const error = options.errors.toLogical(refusal.error, request.index);
      throw new ApiError(error.code as ErrorCode, reveal(error.message), { status: refusal.status });
    }
    const missing = gathering.missing.sort((a, b) => a - b);
    if (missing.length > 0) {
      const nothing = gathering.answers.length === 0;
      if (nothing && gathering.overload !== null) throw gathering.overload;
      if (nothing || options.unavailableShards === 'error') throw unavailable(missing);
      options.metrics.partial();
    }
    return { answers: gathering.answers.sort(byNode), missing };
  };
}
