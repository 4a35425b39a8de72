import { z } from 'zod';
import { type KeyMeta, keyMeta } from './keys.ts';
import { fileSchema } from './schema.ts';

/** One key of the configuration file. */
export interface KeyInfo extends KeyMeta {
  /** Dotted, with `[]` for list items: `server.port`, `nodes[].id`. */
  path: string;
  /** Environment variable that overrides it; null for keys inside list items and for sections. */
  env: string | null;
}

/** The schema under defaults and optionality. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  return inner;
}

function envName(path: string, kind: KeyMeta['kind']): string | null {
  if (kind === 'section' || path.includes('[]')) return null;
  return `MIROIR_${path.replaceAll('.', '_').toUpperCase()}`;
}

function walk(schema: z.core.$ZodType, path: string, into: KeyInfo[]): void {
  const meta = keyMeta.get(schema);
  if (meta !== undefined) into.push({ ...meta, path, env: envName(path, meta.kind) });
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    for (const [key, child] of Object.entries(inner.shape)) {
      walk(child as z.core.$ZodType, path === '' ? key : `${path}.${key}`, into);
    }
  } else if (inner instanceof z.ZodArray) {
    walk(inner.element, `${path}[]`, into);
  }
}

function collect(): readonly KeyInfo[] {
  const keys: KeyInfo[] = [];
  walk(fileSchema, '', keys);
  return keys;
}

/** Every key, in the order of the schema. */
export const configKeys: readonly KeyInfo[] = collect();

/** The key at a path of a value, for example `['nodes', 2, 'id']`. */
export function keyAt(path: readonly PropertyKey[]): KeyInfo | undefined {
  const dotted = path.map((part) => (typeof part === 'number' ? '[]' : `.${String(part)}`)).join('');
  return configKeys.find((key) => `.${key.path}` === dotted);
}

/** Names of the keys directly inside a section or list item. */
export function childKeys(path: readonly PropertyKey[]): string[] {
  const dotted = path.map((part) => (typeof part === 'number' ? '[]' : `.${String(part)}`)).join('');
  const prefix = dotted === '' ? '' : `${dotted.slice(1)}.`;
  return configKeys
    .filter((key) => key.path.startsWith(prefix) && !/[.[]/.test(key.path.slice(prefix.length)))
    .map((key) => key.path.slice(prefix.length));
}

/** Whether a key may also be given as `<key>_file`. */
export function isSecret(key: KeyInfo): boolean {
  return key.kind === 'secret';
}
