/** What a Meilisearch dump of version 6 looks like inside, as servers from 1.0 on read it and 1.21 writes it. */

/** The only version that is written, and read. */
export const dumpVersion = 'V6';
/** The server whose format is written; Meilisearch itself ignores it when it reads. */
export const writtenFor = '1.21.0';

/** Paths inside the archive. */
export const paths = {
  metadata: 'metadata.json',
  keys: 'keys.jsonl',
  features: 'experimental-features.json',
  tasks: 'tasks/queue.jsonl',
  updateFiles: 'tasks/update_files/',
  indexes: 'indexes/',
  index: (uid: string, file: 'metadata.json' | 'settings.json' | 'documents.jsonl') => `indexes/${uid}/${file}`,
} as const;

/** `metadata.json` as text. */
export function metadataText(now: string): string {
  return JSON.stringify({ dumpVersion, dbVersion: writtenFor, dumpDate: now });
}

/** The name of a dump from the instant it was begun: `20261122-235703555`. */
export function dumpUid(startedAt: string): string {
  const digits = startedAt.replace(/\D/g, '').padEnd(17, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8, 17)}`;
}

/** Which file of the dump an entry of the archive is; null for what a reader has no use for. */
export type Entry =
  | { kind: 'metadata' }
  | { kind: 'keys' }
  | { kind: 'features' }
  | { kind: 'indexMetadata' | 'indexSettings' | 'indexDocuments'; index: string };

const indexFiles: Record<string, 'indexMetadata' | 'indexSettings' | 'indexDocuments'> = {
  'metadata.json': 'indexMetadata',
  'settings.json': 'indexSettings',
  'documents.jsonl': 'indexDocuments',
};

/** Reads the path of an entry, with or without a leading `./`. */
export function entryOf(path: string): Entry | null {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (steps.length === 1 && steps[0] === paths.metadata) return { kind: 'metadata' };
  if (steps.length === 1 && steps[0] === paths.keys) return { kind: 'keys' };
  if (steps.length === 1 && steps[0] === paths.features) return { kind: 'features' };
  const [folder, index, file] = steps;
  const kind = indexFiles[file ?? ''];
  if (steps.length !== 3 || folder !== 'indexes' || index === undefined || kind === undefined) return null;
  return { kind, index };
}
