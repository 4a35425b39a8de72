import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { NodeRequest, NodeResponse } from '../nodes/client.ts';
import type { IndexRecord } from '../store/records.ts';
import { reveal } from './disguise.ts';
import { Gathering, type GatherOptions } from './gather.ts';

/** What reading from the nodes is built from. */
export interface ScatterOptions extends GatherOptions {
  /** Whether a read with unreachable shards answers from the rest or fails. */
  unavailableShards: 'partial' | 'error';
  errors: { toLogical(error: ErrorBody, index: IndexRecord): ErrorBody };
  metrics: GatherOptions['metrics'] & { partial(): void };
}

/** What a node is asked; when to give up is not for the request to say. */
export type ScatteredRequest = Omit<NodeRequest, 'timeoutMs' | 'signal' | 'ownConnection'>;

/** One kind of request to all shards asked for. */
export interface ScatterRequest<T> {
  index: IndexRecord;
  shards: readonly number[];
  /** Equal for reads that should go to the same copies; also the position of the first group, modulo the number of groups. */
  startGroup: number;
  /**
   * Whom to ask for what, when the answers have to come from the copies that gave earlier ones. Others are asked only for
   * shards whose node fails.
   */
  parts?: readonly { nodeId: string; shards: readonly number[] }[];
  /**
   * The answer depends on which copies give it, and its parts come from several requests, maybe to several processes: copies are
   * chosen only by whether they are there, not by how quick they are.
   */
  steady?: boolean;
  /** `whole`: the node holds these shards and no others, so that the shard filter may be left out. */
  build(shards: readonly number[], whole: boolean, nodeId: string): ScatteredRequest;
  /** Reads a node's 200 answer; what it throws counts as a failure of the node. */
  read: (answer: NodeResponse) => T;
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

function unavailable(shards: readonly number[]): ApiError {
  const named = shards.length === 1 ? `Shard ${shards[0]} is` : `Shards ${shards.join(', ')} are`;
  return new ApiError(
    'miroir_shard_unavailable',
    `${named} unavailable: no in-sync copy could be reached. Retry, or see \`GET /_miroir/shards\`.`,
  );
}

/** Order of answers. */
export const byNode = (a: { nodeId: string; shards: readonly number[] }, b: typeof a) =>
  a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : (a.shards[0] ?? 0) - (b.shards[0] ?? 0);

/**
 * Build the scatter of a process. A read fails with the nodes' own 400 (the one of the first node by id, in logical
 * words), with `too_many_search_requests` when nothing but overloaded nodes is left, and with `miroir_shard_unavailable`
 * when shards are missing and the policy says so, or when nothing at all could be read.
 */
export function createScatter(options: ScatterOptions): Scatter {
  return async (request) => {
    const gathering = new Gathering(options, request);
    await gathering.run();
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
