import { z } from 'zod';
import type { KeyRecord } from '../store/records.ts';

/** A line of `keys.jsonl`. The key's value is not in it: it derives from the uid and the master key. */
export function keyLine(key: KeyRecord): string {
  return JSON.stringify({
    ...(key.description === null ? {} : { description: key.description }),
    ...(key.name === null ? {} : { name: key.name }),
    uid: key.uid,
    actions: key.actions,
    indexes: key.indexes,
    expires_at: key.expiresAt,
    created_at: key.createdAt,
    updated_at: key.updatedAt,
  });
}

const instant = z.iso.datetime({ offset: true });
const line = z.object({
  uid: z.uuid(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  actions: z.array(z.string()),
  indexes: z.array(z.string()),
  expires_at: instant.nullish(),
  created_at: instant,
  updated_at: instant,
});

/** Reads a line of `keys.jsonl`; null when it is none. */
export function readKeyLine(text: string): KeyRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const read = line.safeParse(value);
  if (!read.success) return null;
  const key = read.data;
  return {
    uid: key.uid.toLowerCase(),
    name: key.name ?? null,
    description: key.description ?? null,
    actions: key.actions,
    indexes: key.indexes,
    expiresAt: key.expires_at ?? null,
    createdAt: key.created_at,
    updatedAt: key.updated_at,
  };
}
