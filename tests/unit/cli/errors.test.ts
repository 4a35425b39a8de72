import { describe, expect, it } from 'vitest';
import { explain, OperatorError } from '../../../src/cli/errors.ts';
import { ConfigError } from '../../../src/config/problems.ts';

function systemError(code: string, more: Record<string, unknown>): Error {
  return Object.assign(new Error(`listen ${code}`), { code, ...more });
}

describe('explain', () => {
  it.each([
    [
      systemError('EADDRINUSE', { address: '0.0.0.0', port: 7700 }),
      'port 7700 on 0.0.0.0 is in use by another program. Stop',
    ],
    [
      systemError('EACCES', { address: '0.0.0.0', port: 80 }),
      'port 80 on 0.0.0.0 may not be opened by this user. Choose',
    ],
    [
      systemError('EADDRNOTAVAIL', { address: '10.9.9.9', port: 1 }),
      '10.9.9.9 is no address of this machine. Set server.host',
    ],
    [systemError('EPERM', { address: '10.9.9.9', port: 1 }), 'listen EPERM'],
    [new OperatorError('the disk is full. Free some space.'), 'the disk is full. Free some space.'],
    [
      new ConfigError([{ path: 'shards', message: 'found 0' }]),
      'one problem:\n  shards: found 0\nEvery key is described',
    ],
  ])('%s', (error, text) => expect(explain(error)).toContain(text));
});
