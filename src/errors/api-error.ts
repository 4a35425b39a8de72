import { type ErrorCode, type ErrorType, errorCodes } from './codes.ts';

/** The body of every error answer, and of `error` in a task (Meilisearch's shape). */
export interface ErrorBody {
  message: string;
  code: ErrorCode;
  type: ErrorType;
  link: string;
}

/** An error that a client sees: its code decides status, type and link. Thrown by any domain, rendered by `http`. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  /** Status of the answer; differs from the code's own only where Meilisearch does so (an unknown index inside multi-search is a 400). */
  readonly status: number;
  /** Extra response headers, for example `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { status?: number; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.status = options.status ?? errorCodes[code].status;
    this.headers = options.headers ?? {};
  }

  /** The error object as sent to clients. */
  toBody(): ErrorBody {
    return { message: this.message, code: this.code, type: errorCodes[this.code].type, link: errorLink(this.code) };
  }
}

/** Where a code is explained: Meilisearch's page for its codes, this repository's `docs/errors.md` for Miroir's own. */
export function errorLink(code: ErrorCode): string {
  return code.startsWith('miroir_') ? `docs/errors.md#${code}` : `https://docs.meilisearch.com/errors#${code}`;
}
