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
 * `log.child({ requestId })`. Credentials are replaced by `[hidden]`.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redactPaths(), censor: '[hidden]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
