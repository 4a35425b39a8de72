/** Exit codes of `miroir-ctl`, for scripts. */
export const exitCodes = {
  ok: 0,
  /** Wrong usage or an unreadable credentials file. */
  usage: 1,
  /** Nothing answers at the URL. */
  unreachable: 2,
  /** The admin key is missing or wrong. */
  refused: 3,
  /** `status` only: a node is down, a copy is stale or a shard cannot be read. */
  degraded: 4,
  /** Miroir answered with another error, for example because there is no such task. */
  failed: 5,
  /** `verify --watch` only: copies differed, whether they were made equal or not. */
  differed: 6,
} as const;

/** Ends the command with a message and one of the exit codes. */
export class CtlError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'CtlError';
    this.exitCode = exitCode;
  }
}
