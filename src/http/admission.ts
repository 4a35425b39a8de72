import { ApiError } from '../errors/api-error.ts';

/** Bounds the requests in flight. */
export interface Admission {
  /** Number of requests let in and not yet left. */
  readonly inFlight: number;
  /** Let a request in, or throw `ApiError` `miroir_overloaded`. */
  enter(): void;
  leave(): void;
}

/** Seconds that a refused client is told to wait. */
const RETRY_AFTER = 1;

/** At most `limit` requests at a time. */
export function createAdmission(limit: number): Admission {
  let inFlight = 0;
  return {
    get inFlight() {
      return inFlight;
    },
    enter() {
      if (inFlight >= limit) {
        throw new ApiError(
          'miroir_overloaded',
          `Too many requests are running at the same time: ${limit}. Retry after ${RETRY_AFTER}s.`,
          { headers: { 'Retry-After': String(RETRY_AFTER) } },
        );
      }
      inFlight++;
    },
    leave() {
      inFlight--;
    },
  };
}

/** Probes that must answer under overload. */
export function isExempt(path: string): boolean {
  return path === '/health' || path.startsWith('/_miroir');
}
