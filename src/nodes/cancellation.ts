/** What a request may be ended by: an `AbortSignal`, or a `Cancellation`. */
export type Abortable = Pick<AbortSignal, 'aborted'> & {
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

/** An `AbortController` and its signal for one listener: those of the platform cost more than planning a search does. */
export class Cancellation implements Abortable {
  aborted = false;
  #listener: (() => void) | null = null;

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = null;
  }

  /** Ends the request that listens; nothing when it has ended. */
  abort(): void {
    this.aborted = true;
    this.#listener?.();
  }
}
