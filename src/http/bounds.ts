import type { EventEmitter } from 'node:events';
import { type Admission, createAdmission, isExempt } from './admission.ts';
import { type BodyLimits, type BodyReserve, describeSize } from './body.ts';
import type { ServerLimits } from './limits.ts';

/** Told when load changes, for metrics. */
export interface LoadObserver {
  /** Requests being handled. */
  onInFlight?: ((count: number) => void) | undefined;
  /** Requests waiting for their turn. */
  onWaiting?: ((count: number) => void) | undefined;
  /** Bytes of request bodies in memory. */
  onBodyBytes?: ((bytes: number) => void) | undefined;
}

/** Does some work for a request within the bounds; `connection` emits `close` when the client has left. */
export type WithinBounds = <T>(
  path: string,
  connection: EventEmitter,
  work: (body: BodyLimits) => Promise<T>,
) => Promise<T>;

/** What one request takes of the memory for bodies. */
function bodyMemory(memory: Admission, connection: EventEmitter): BodyReserve & { release(): void } {
  let taken = 0;
  return {
    async known(bytes) {
      await memory.enter(bytes, connection);
      taken += bytes;
    },
    more(bytes) {
      memory.enterNow(bytes);
      taken += bytes;
    },
    release() {
      memory.leave(taken);
      taken = 0;
    },
  };
}

/**
 * Bounds the requests that are handled at the same time and the memory that their bodies take, each with a line to wait
 * in. Probes are never kept waiting.
 */
export function createBounds(limits: ServerLimits, observer: LoadObserver): WithinBounds {
  const line = { queue: limits.maxQueuedRequests, waitMs: limits.queueTimeout };
  const places = createAdmission({
    ...line,
    capacity: limits.maxConcurrentRequests,
    full: `Too many requests are running at the same time: ${limits.maxConcurrentRequests}.`,
    onChange(held, waiting) {
      observer.onInFlight?.(held);
      observer.onWaiting?.(waiting);
    },
  });
  const memory = createAdmission({
    ...line,
    capacity: limits.maxBufferedBytes,
    full: `Request bodies take all of the ${describeSize(limits.maxBufferedBytes)} that they may.`,
    onChange: (held) => observer.onBodyBytes?.(held),
  });

  async function withMemory<T>(connection: EventEmitter, work: (body: BodyLimits) => Promise<T>): Promise<T> {
    const reserve = bodyMemory(memory, connection);
    try {
      return await work({ maxBytes: limits.maxBodyBytes, stallMs: limits.stallTimeout, reserve });
    } finally {
      reserve.release();
    }
  }

  return async (path, connection, work) => {
    if (isExempt(path)) return withMemory(connection, work);
    await places.enter(1, connection);
    try {
      return await withMemory(connection, work);
    } finally {
      places.leave(1);
    }
  };
}
