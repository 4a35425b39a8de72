const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The wish to stop, as a promise to wait on and a signal to hand down. */
export interface Shutdown {
  /** Resolves at the first SIGINT, SIGTERM or SIGHUP. */
  readonly requested: Promise<NodeJS.Signals>;
  /** Aborted at the same moment. */
  readonly signal: AbortSignal;
  /** Leaves signals to their defaults again. */
  dispose(): void;
}

/** Thrown to leave a start that the operator gave up. */
export class Interrupted extends Error {
  constructor(signal: string) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
  }
}

/**
 * The first signal asks for an orderly stop; the second ends the process at once (local nodes are killed by their exit
 * hook).
 */
export function watchShutdown(onRequest: (signal: NodeJS.Signals) => void = () => {}): Shutdown {
  const controller = new AbortController();
  let resolve: (signal: NodeJS.Signals) => void = () => {};
  const requested = new Promise<NodeJS.Signals>((done) => {
    resolve = done;
  });
  const handle = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    onRequest(signal);
    controller.abort(new Interrupted(signal));
    resolve(signal);
  };
  for (const signal of signals) process.on(signal, handle);
  return {
    requested,
    signal: controller.signal,
    dispose() {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
