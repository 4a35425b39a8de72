import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CtlError, exitCodes } from './errors.ts';

/** `~/.config/miroir/credentials`, or below `XDG_CONFIG_HOME` when that is set. */
export function credentialsPath(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'miroir', 'credentials');
}

function fromFile(path: string, warn: (message: string) => void): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CtlError(exitCodes.usage, `${path} cannot be read: ${(error as Error).message}`);
  }
  if ((statSync(path).mode & 0o077) !== 0) warn(`${path} can be read by other users; run chmod 600 on it`);
  let content: { admin_api_key?: unknown } | null;
  try {
    content = parse(text) as typeof content;
  } catch {
    content = null;
  }
  const key = content?.admin_api_key;
  if (typeof key === 'string' && key !== '') return key;
  throw new CtlError(exitCodes.usage, `${path} holds no key; expected a line like: admin_api_key: the-key`);
}

/** The admin key: the flag when given, else `MIROIR_ADMIN_API_KEY`, else the credentials file; null when there is none. */
export function resolveAdminKey(
  flag: string | undefined,
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): string | null {
  if (flag !== undefined) return flag;
  if (env.MIROIR_ADMIN_API_KEY) return env.MIROIR_ADMIN_API_KEY;
  return fromFile(credentialsPath(env), warn);
}
