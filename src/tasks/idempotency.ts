import { ApiError } from '../errors/api-error.ts';
import type { WriteAnswer } from '../http/services.ts';
import type { IdempotencyRecord } from '../store/records.ts';
import type { NewIdempotencyKey, Store } from '../store/store.ts';
import type { ActiveTasks } from './active.ts';
import type { Clock } from './clock.ts';
import { summarise } from './new-task.ts';

/** Makes the repetitions of one request one write. */
export interface Idempotency {
  /**
   * Run `write` if the key is new. A repetition of the request waits for the first one's answer, or gets it again if it was
   * acknowledged; after an error the key is new again. Throws `miroir_idempotency_key_reused` when the key came with
   * another request.
   */
  once(key: NewIdempotencyKey, write: () => Promise<WriteAnswer>): Promise<WriteAnswer>;
}

/** What it is built from. */
export interface IdempotencyOptions {
  store: Pick<Store, 'idempotencyKey'>;
  active: Pick<ActiveTasks, 'get'>;
  /** Milliseconds that a key is known. */
  retentionMs: number;
  now: Clock;
}

function reused(): ApiError {
  return new ApiError(
    'miroir_idempotency_key_reused',
    'The `Idempotency-Key` was used for another request (method, path, body or API key differ). Use a new key for each new request.',
  );
}

/** Keys are stored in the commit that creates their task, and removed in the one that records that it is not acknowledged. */
export function createIdempotency({ store, active, retentionMs, now }: IdempotencyOptions): Idempotency {
  const running = new Map<string, { fingerprint: string; answer: Promise<WriteAnswer> }>();

  function repeat(known: IdempotencyRecord): WriteAnswer {
    if (active.get(known.taskUid)?.record.phase === 'sending') {
      throw new ApiError(
        'miroir_store_unavailable',
        `Task ${known.taskUid} of this request was handed to the nodes, but that could not be stored yet. It is not acknowledged; send it again.`,
        { headers: { 'retry-after': '5' } },
      );
    }
    return { summary: summarise({ ...known, uid: known.taskUid }), degraded: null, replayed: true };
  }

  async function first(key: NewIdempotencyKey, write: () => Promise<WriteAnswer>): Promise<WriteAnswer> {
    const known = await store.idempotencyKey(key.key);
    if (known === null || Date.parse(known.enqueuedAt) < now() - retentionMs) return write();
    if (known.fingerprint !== key.fingerprint) throw reused();
    return repeat(known);
  }

  return {
    async once(key, write) {
      const same = running.get(key.key);
      if (same !== undefined) {
        if (same.fingerprint !== key.fingerprint) throw reused();
        return { ...(await same.answer), replayed: true };
      }
      const answer = first(key, write).finally(() => running.delete(key.key));
      running.set(key.key, { fingerprint: key.fingerprint, answer });
      return answer;
    },
  };
}
