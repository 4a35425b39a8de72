import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import { errorCodes } from '../errors/codes.ts';
import { Cancellation } from '../nodes/cancellation.ts';
import { type NodeClient, NodeError, type NodeResponse } from '../nodes/client.ts';
import type { ReplicaSelection } from '../nodes/replica-selection.ts';
import type { Timing } from '../nodes/timing.ts';
import type { ScatterRequest } from './scatter.ts';

/** What came of asking one node. */
export type Outcome<T> =
  | { kind: 'answer'; value: T }
  /** The client's mistake, as the node put it. */
  | { kind: 'refused'; error: ErrorBody; status: number }
  /** The node's own trouble; `overload` when it said that it has too much to do, `cut` when its connection broke. */
  | { kind: 'failed'; overload: ApiError | null; cut: boolean };

/** One node's share of a read, asked. */
export interface Finished<T> {
  nodeId: string;
  shards: readonly number[];
  outcome: Outcome<T>;
}

/** A request to one node under way. */
export interface Attempt<T> {
  nodeId: string;
  shards: readonly number[];
  /** Never rejects. */
  finished: Promise<Finished<T>>;
  /** Its answer is no longer wanted, since somebody else was faster. */
  abandon(): void;
}

/** What one attempt needs. */
export interface AttemptOptions {
  clients: { get(nodeId: string): NodeClient };
  selection: Pick<ReplicaSelection, 'begin'>;
  timing: Timing;
}

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
      return { kind: 'answer', value: read(response) };
    } catch {
      return { kind: 'failed', overload: null, cut: false };
    }
  }
  if (response.status === 404 && absent !== undefined && parseError(response.text)?.code === absent.code) {
    return { kind: 'answer', value: absent.value };
  }
  const error = response.status === 400 ? parseError(response.text) : null;
  if (error !== null && error.code in errorCodes) return { kind: 'refused', error, status: response.status };
  return { kind: 'failed', overload: overloaded(response), cut: false };
}

/**
 * Asks a node for some shards, `whole` when it holds no others, and gives up after `timeoutMs`. A node that was asked without a
 * filter and has been given further copies meanwhile is asked once more, with one: it may have counted their documents.
 */
export function startAttempt<T>(
  options: AttemptOptions,
  request: ScatterRequest<T>,
  part: {
    nodeId: string;
    shards: readonly number[];
    whole: boolean;
    /** Whether these shards are still all that the node holds. */
    holdsNoMore(): boolean;
    timeoutMs: number;
    /** Whether to open a new connection for it. */
    ownConnection: boolean;
  },
): Attempt<T> {
  const { nodeId, shards, whole, timeoutMs, ownConnection } = part;
  const signal = new Cancellation();
  let abandoned = false;
  const end = options.selection.begin(nodeId);
  const cancel = options.timing.after(timeoutMs, () => signal.abort());

  function send(unfiltered: boolean): Promise<NodeResponse> {
    const asked = request.build(shards, unfiltered, nodeId);
    // the spread comes last: V8 adds what follows one member at a time, at a microsecond each
    return options.clients.get(nodeId).request({ timeoutMs, signal, ownConnection, ...asked });
  }

  async function ask(): Promise<Outcome<T>> {
    try {
      const answer = await send(whole);
      return judge(whole && !part.holdsNoMore() ? await send(false) : answer, request);
    } catch (error) {
      return { kind: 'failed', overload: null, cut: error instanceof NodeError && error.kind === 'broken' };
    }
  }

  const finished = ask().then((outcome) => {
    cancel();
    end(outcome.kind !== 'failed' ? 'answered' : abandoned ? 'abandoned' : 'failed');
    return { nodeId, shards, outcome };
  });
  return {
    nodeId,
    shards,
    finished,
    abandon() {
      abandoned = true;
      signal.abort();
    },
  };
}
