import { AsyncLocalStorage } from 'node:async_hooks';

/** What a client says of its write besides what to write. */
export interface WriteOrigin {
  /** `Idempotency-Key`, or null. */
  idempotencyKey: string | null;
  /** Tells the request (method, path, body, caller) from others under the same key; to be called once the body was read. */
  fingerprint(): string;
  /** `X-Miroir-Session`, or null. */
  session: string | null;
}

/**
 * The origin of the write that is being handled. It travels beside the arguments because every route that writes has it and
 * only `accept` needs it.
 */
export const writeOrigin = new AsyncLocalStorage<WriteOrigin>();
