import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Abortable } from './cancellation.ts';

/** An HTTP answer with all of its body. */
export interface WholeAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Gathers what undici tells of one request. */
class Gatherer implements Dispatcher.DispatchHandler {
  readonly answer: Promise<WholeAnswer>;
  #resolve!: (answer: WholeAnswer) => void;
  #reject!: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #aborted: Error | null = null;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Also while the request still waits for a connection: then it is given up as soon as it has one. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
    this.#reject(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#chunks = [];
    if (this.#aborted !== null) controller.abort(this.#aborted);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }
}

/** What a request ends with when its signal aborts it. */
export const abortError = () => new DOMException('This operation was aborted', 'AbortError');

/**
 * Sends a request over a pool and waits for the whole answer. undici's `request` makes a stream for each body, which costs more
 * than all else that it does for an answer that is read whole anyway. Rejects with undici's errors, and with an `AbortError`.
 */
export async function wholeAnswer(
  pool: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal?: Abortable,
): Promise<WholeAnswer> {
  if (signal?.aborted) throw abortError();
  const gatherer = new Gatherer();
  const abort = () => gatherer.abort(abortError());
  signal?.addEventListener('abort', abort, { once: true });
  try {
    pool.dispatch(request, gatherer);
    return await gatherer.answer;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
