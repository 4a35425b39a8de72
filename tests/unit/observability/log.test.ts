import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../../../src/observability/log.ts';

function capture(level: LogLevel) {
  const lines: string[] = [];
  return { lines, log: createLogger(level, { write: (line) => void lines.push(line) }) };
}

describe('the log', () => {
  it('writes one JSON object per line, with bound fields', () => {
    const { lines, log } = capture('info');
    log.child({ requestId: 'r-1' }).info({ shard: 3 }, 'shard has no copy');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', msg: 'shard has no copy', requestId: 'r-1', shard: 3 });
    expect(Number.isNaN(Date.parse(String(line.time)))).toBe(false);
  });

  it('leaves out what is below its level', () => {
    const { lines, log } = capture('warn');
    log.info('quiet');
    log.warn('loud');
    expect(lines).toHaveLength(1);
  });

  it('hides credentials wherever they are nested', () => {
    const { lines, log } = capture('info');
    const headers = { authorization: 'Bearer hush', 'x-admin-key': 'hush', cookie: 'hush', accept: '*/*' };
    log.info({
      headers,
      req: { headers },
      authorization: 'hush',
      config: { masterKey: 'hush', nodeMasterKey: 'hush' },
    });
    expect(lines.join()).not.toContain('hush');
    expect(lines.join()).toContain('*/*');
  });
});
