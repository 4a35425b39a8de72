import { ApiError } from '../errors/api-error.ts';

/** What one request's body takes of the budget. */
export interface Reservation {
  /** Throws `miroir_overloaded` when so many bytes would not fit now. Nothing is kept for them: a client may send slowly. */
  expect(bytes: number): void;
  /** Account for so many more bytes of the body; throws `miroir_overloaded` when they do not fit. */
  grow(bytes: number): void;
  /** The request is over. */
  release(): void;
}

/** Bounds the memory taken by the bodies of requests under way. */
export interface MemoryBudget {
  open(): Reservation;
}

/** Bodies up to this size are always let in: their number is bounded already. */
const smallBytes = 16 * 1024;
/** Bytes of memory per byte of a body: as received, as text, and what is not collected yet; the nodes' bodies are made while they are sent. Measured. */
const expansion = 4;
/** Memory that is free but not yet collected, as it lies about after some large bodies. Measured. */
const garbageBytes = 64 * 2 ** 20;

function overloaded(limit: number): ApiError {
  return new ApiError(
    'miroir_overloaded',
    `Too many large requests are under way for the memory that Miroir may take: ${limit} bytes (\`server.memory_limit\`). Nothing was written; retry after 1s.`,
    { headers: { 'retry-after': '1' } },
  );
}

/**
 * A budget of `limit` bytes for the whole process; `resident` tells what it takes now. What bodies will need is counted as they
 * arrive, because it takes a while to show; and the memory in use counts too, because not all of it is bodies. A body
 * that is alone is let in whatever the memory: else garbage that nothing collects could keep everybody out.
 */
export function createMemoryBudget(limit: number, resident: () => number): MemoryBudget {
  const base = resident() + garbageBytes;
  let held = 0;

  function refuse(own: number, bytes: number): void {
    const more = bytes * expansion;
    if (own + more <= smallBytes * expansion || held === own) return;
    if (base + held + more > limit || resident() + more > limit) throw overloaded(limit);
  }

  return {
    open() {
      let own = 0;
      return {
        expect: (bytes) => refuse(own, bytes),
        grow(bytes) {
          refuse(own, bytes);
          const more = bytes * expansion;
          own += more;
          held += more;
        },
        release() {
          held -= own;
          own = 0;
        },
      };
    },
  };
}
