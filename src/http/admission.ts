import type { EventEmitter } from 'node:events';
import { ApiError } from '../errors/api-error.ts';

/** How much an admission lets in. */
export interface AdmissionLimits {
  /** Units that may be held at the same time. */
  capacity: number;
  /** Requests that may wait. */
  queue: number;
  /** Milliseconds that one of them waits. */
  waitMs: number;
  /** What is full, as a sentence for the client. */
  full: string;
  /** Called with the units held and the requests waiting, when either changes. */
  onChange?: ((held: number, waiting: number) => void) | undefined;
}

/** Bounds something of which requests hold units: places for requests in flight, bytes of their bodies. */
export interface Admission {
  readonly held: number;
  readonly waiting: number;
  /**
   * Take units, waiting in line while there are too few. Throws `ApiError` `miroir_overloaded` when the line is full or
   * the wait is over. `connection` emits `close` when the client has left; then it leaves the line, too.
   */
  enter(units: number, connection: EventEmitter): Promise<void>;
  /** Take units that are free, or throw `miroir_overloaded`: for holders that need more, who must not wait for each other. */
  enterNow(units: number): void;
  leave(units: number): void;
}

/** Seconds that a refused client is told to wait. */
const RETRY_AFTER = 1;

interface Waiter {
  units: number;
  letIn(): void;
}

/** An admission that lets requests in strictly in the order in which they came. */
export function createAdmission({ capacity, queue, waitMs, full, onChange }: AdmissionLimits): Admission {
  let held = 0;
  const line = new Set<Waiter>();
  const fits = (units: number) => held + units <= capacity;
  const changed = () => onChange?.(held, line.size);

  function refusal(reason: string): ApiError {
    return new ApiError('miroir_overloaded', `${full} ${reason} Retry after ${RETRY_AFTER}s.`, {
      headers: { 'Retry-After': String(RETRY_AFTER) },
    });
  }

  function take(units: number): void {
    held += units;
    changed();
  }

  function letIn(): void {
    for (const waiter of line) {
      if (!fits(waiter.units)) return;
      line.delete(waiter);
      take(waiter.units);
      waiter.letIn();
    }
  }

  function wait(units: number, connection: EventEmitter): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (error: ApiError) => {
        line.delete(waiter);
        done();
        reject(error);
        letIn();
      };
      const left = () => giveUp(refusal('The client left.'));
      const timer = setTimeout(() => giveUp(refusal(`It stayed so for ${waitMs} ms.`)), waitMs);
      const done = () => {
        clearTimeout(timer);
        connection.off('close', left);
        changed();
      };
      const waiter: Waiter = {
        units,
        letIn() {
          done();
          resolve();
        },
      };
      connection.once('close', left);
      line.add(waiter);
      changed();
    });
  }

  return {
    get held() {
      return held;
    },
    get waiting() {
      return line.size;
    },
    async enter(units, connection) {
      if (line.size === 0 && fits(units)) take(units);
      else if (line.size >= queue) throw refusal(`${queue} requests are waiting already.`);
      else await wait(units, connection);
    },
    enterNow(units) {
      if (!fits(units)) throw refusal('The request needs more.');
      take(units);
    },
    leave(units) {
      held -= units;
      changed();
      letIn();
    },
  };
}

/** Probes that must answer under overload. */
export function isExempt(path: string): boolean {
  return path === '/health' || path.startsWith('/_miroir');
}
