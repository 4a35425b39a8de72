import { stringify } from 'yaml';
import { configKeys, isSecret } from './describe.ts';
import { setAt } from './layers.ts';
import type { Config } from './schema.ts';
import { formatDuration, formatSize } from './units.ts';

const mask = '********';

function camelPath(path: string): string[] {
  return path.split('.').map((part) => part.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

function read(config: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config);
}

function written(kind: string, value: unknown): unknown {
  if (kind === 'secret') return mask;
  if (kind === 'duration') return formatDuration(Number(value));
  if (kind === 'size') return formatSize(Number(value));
  return value;
}

/** The effective configuration as a YAML file, defaults filled in, secrets masked. */
export function showConfig(config: Config): string {
  const shown: Record<string, unknown> = {};
  for (const key of configKeys) {
    if (key.kind === 'section' || key.path.includes('[]')) continue;
    const value = read(config, camelPath(key.path));
    if (value === undefined && isSecret(key)) continue;
    setAt(shown, key.path.split('.'), written(key.kind, value));
  }
  return stringify(shown);
}
