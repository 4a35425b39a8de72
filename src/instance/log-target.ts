import { ApiError } from '../errors/api-error.ts';
import type { Logger, LogLevel } from '../observability/log.ts';

/** What a log target asks for: a level for everything, and modules that it names. */
export interface LogTarget {
  level: LogLevel | null;
  modules: string[];
}

const levels: Record<string, LogLevel> = {
  off: 'silent',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
  0: 'silent',
  1: 'error',
  2: 'warn',
  3: 'info',
  4: 'debug',
  5: 'trace',
};

const emptyTarget =
  'Empty string is not a valid target. If you want to get no logs use `OFF`. Usage: `info`, `meilisearch=info`, or you can write multiple filters in one target: `index_scheduler=info,milli=trace`';
const badLevel =
  'error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5';

/** Reads `info`, `milli=trace,index_scheduler=info` and the like; a problem in Meilisearch's words when it is none. */
export function readLogTarget(text: string): LogTarget | { problem: string } {
  if (text === '') return { problem: emptyTarget };
  const target: LogTarget = { level: null, modules: [] };
  for (const directive of text.split(',')) {
    const [name = '', level, ...others] = directive.split('=');
    if (others.length > 0) {
      return { problem: "invalid filter directive: too many '=' in filter directive, expected 0 or 1" };
    }
    if (level !== undefined && level !== '' && levels[level.toLowerCase()] === undefined) return { problem: badLevel };
    const whole = level === undefined ? levels[name.toLowerCase()] : undefined;
    if (whole === undefined) target.modules.push(name);
    else target.level = whole;
  }
  return target;
}

/** What `/logs/stderr` changes. */
export interface LogControl {
  setTarget(target: LogTarget): void;
}

/** Applies log targets to Miroir's log, which has one level for everything; other processes' logs are told of it. */
export function createLogControl(log: Logger, tellOthers: (level: LogLevel) => void = () => undefined): LogControl {
  return {
    setTarget({ level, modules }) {
      if (modules.length > 0 || level === null) {
        const names = modules.map((name) => `\`${name}\``).join(', ');
        throw new ApiError(
          'miroir_not_supported',
          `Miroir's log has one level for everything, none for ${names}. Use one of \`off\`, \`error\`, \`warn\`, \`info\`, \`debug\`, \`trace\`.`,
        );
      }
      log.level = level;
      tellOthers(level);
      if (level !== 'silent') log.info({ level }, 'log level was changed by a request');
    },
  };
}
