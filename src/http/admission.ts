import type { EventEmitter } from 'node:events';
import { ApiError } from '../errors/api-error.ts';

/** How many requests an admission lets in. */
export interface AdmissionLimits {
  /** Requests handled at the same time. */
  places: number;
  /** Requests that may wait for a place. */
  queue: number;
  /** Milliseconds that one of them waits. */
  waitMs: number;
  /** Called when either number changes. */
  onChange?: ((inFlight: number, waiting: number) => void) | undefined;
}

/** Bounds the requests in flight; those beyond wait in line. */
export interface Admission {
  /** Requests let in and not yet left. */
  readonly inFlight: number;
  readonly waiting: number;
  /**
   * Take a place, waiting in line for it. Throws `ApiError` `miroir_overloaded` when the line is full or the wait is over.
   * `connection` emits `close` when the client has left, which ends the wait as well.
   */
  enter(connection: EventEmitter): Promise<void>;
  leave(): void;
}

/** Seconds that a refused client is told to wait. */
const RETRY_AFTER = 1;

/** An admission that lets requests in strictly in the order in which they came. */
export function createAdmission({ places, queue, waitMs, onChange }: AdmissionLimits): Admission {
  let inFlight = 0;
  const line = new Set<() => void>();
  const changed = () => onChange?.(inFlight, line.size);

  function refusal(reason: string): ApiError {
    return new ApiError(
      'miroir_overloaded',
      `Too many requests are running at the same time: ${places}. ${reason} Retry after ${RETRY_AFTER}s.`,
      { headers: { 'Retry-After': String(RETRY_AFTER) } },
    );
  }

  function wait(connection: EventEmitter): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveLine = () => {
        line.delete(letIn);
        clearTimeout(timer);
        connection.off('close', gone);
      };
      const letIn = () => {
        leaveLine();
        resolve();
      };
      const giveUp = (reason: string) => {
        leaveLine();
        changed();
        reject(refusal(reason));
      };
      const gone = () => giveUp('The client left.');
      const timer = setTimeout(() => giveUp(`None of them ended in ${waitMs} ms.`), waitMs);
      connection.once('close', gone);
      line.add(letIn);
      changed();
    });
  }

  return {
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return line.size;
    },
    async enter(connection) {
      if (inFlight >= places) {
        if (line.size >= queue) throw refusal(`The line of ${queue} that wait is full.`);
        return wait(connection);
      }
      inFlight++;
      changed();
    },
    leave() {
      const [next] = line;
      if (next === undefined) inFlight--;
      else next();
      changed();
    },
  };
}

/** Probes that must answer under overload. */
export function isExempt(path: string): boolean {
  return path === '/health' || path.startsWith('/_miroir');
}
