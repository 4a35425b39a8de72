import { ConfigError } from '../config/problems.ts';

/** Something that the operator can put right; the message says what and how, in one paragraph. */
export class OperatorError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'OperatorError';
  }
}

interface SystemError extends Error {
  code?: string;
  address?: string;
  port?: number;
  path?: string;
}

function listenProblem({ code, address, port }: SystemError): string | null {
  const where = `port ${port} on ${address}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use by another program. Stop that program or choose another port (server.port or metrics.port in the configuration, MIROIR_SERVER_PORT or MIROIR_METRICS_PORT, --port).`;
    case 'EACCES':
      return `${where} may not be opened by this user. Choose a port above 1023 or give the process the right to open low ports.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${address ?? 'the address'} is no address of this machine. Set server.host (and metrics.host) to one that is, or to 0.0.0.0 for all.`;
    default:
      return null;
  }
}

/** An error as a paragraph for the operator. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError) return `${error.message}\nEvery key is described in docs/configuration.md.`;
  const system = error as SystemError;
  if (system.port !== undefined || system.address !== undefined) return listenProblem(system) ?? error.message;
  return error.message;
}

/** Ends the process after a failed command: a paragraph on standard error, the stack only when asked for. */
export function fail(error: unknown, options: { command: string; debug: boolean }): void {
  process.stderr.write(`${options.command}: ${explain(error)}\n`);
  if (options.debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = 1;
}
