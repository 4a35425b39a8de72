import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** Levels of `log.level`. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Fields that hold credentials wherever they turn up, down to two levels below the logged object. */
const secretFields = [
  'authorization',
  '["x-admin-key"]',
  '["proxy-authorization"]',
  'cookie',
  'apiKey',
  'masterKey',
  'nodeMasterKey',
];

function redactPaths(): string[] {
  const below = (prefix: string, field: string) => (field.startsWith('[') ? `${prefix}${field}` : `${prefix}.${field}`);
  return secretFields.flatMap((field) => [field, below('*', field), below('*.*', field)]);
}

/**
 * A JSON logger: one object per line with `time` (RFC 3339), `level` as a word and `msg`. Bind a request's id with
 * `log.child({ requestId })`. Credentials are replaced by `[hidden]`. `destination`: a file to append to, or a stream; standard
 * output when absent.
 */
export function createLogger(level: LogLevel, destination?: string | DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redactPaths(), censor: '[hidden]' },
  };
  if (destination === undefined) return pino(options);
  return pino(
    options,
    typeof destination === 'string' ? pino.destination({ dest: destination, sync: true }) : destination,
  );
}
