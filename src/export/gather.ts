import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadDocumentsOptions } from '../dumps/read-documents.ts';
import { spoolIndex } from '../dumps/spool-index.ts';
import { type StandstillOptions, standStill } from '../dumps/standstill.ts';
import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { Catalog } from '../indexes/catalog.ts';
import { committedSettings } from '../indexes/settings/accepted.ts';
import { patternMatches } from '../keys/patterns.ts';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord } from '../store/records.ts';
import type { JobRun } from '../tasks/jobs.ts';
import type { ExportInput, GatheredIndex } from './state.ts';

/** What gathering is built from. */
export interface GatherOptions {
  catalog: Pick<Catalog, 'listVisible'>;
  documents: ReadDocumentsOptions;
  standstill: StandstillOptions;
  /** A node's error as one Meilisearch would have put it. */
  toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody;
  log: Logger;
}

/** Written last, so that its presence means that everything else is there. */
const manifestName = 'manifest.json';

/** The indexes that the patterns cover, each with the rule of the first that does, as in Meilisearch. */
export function chosenIndexes(indexes: readonly IndexRecord[], rules: ExportInput['indexes']) {
  return indexes.flatMap((index) => {
    const rule = Object.entries(rules).find(([pattern]) => patternMatches(pattern, index.uid))?.[1];
    return rule === undefined ? [] : [{ index, rule }];
  });
}

/** What an earlier run has gathered in the folder; null when that was not everything. */
export async function gathered(folder: string): Promise<GatheredIndex[] | null> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as GatheredIndex[]);
}

/**
 * Write what is to be exported to the folder, as it is at one moment: writes to an index are held back until it is read,
 * and the sending, which takes as long as the target likes, needs no index any more.
 */
export async function gather(options: GatherOptions, run: JobRun, folder: string): Promise<GatheredIndex[]> {
  const { signal } = run;
  const { indexes: rules } = run.input as unknown as ExportInput;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const hold = await standStill(options.standstill, run.taskUid, signal);
  const manifest: GatheredIndex[] = [];
  try {
    const visible = options.catalog.listVisible();
    const chosen = chosenIndexes(visible, rules);
    for (const index of visible) if (!chosen.some((other) => other.index === index)) hold.release(index.uid);
    for (const [i, { index, rule }] of chosen.entries()) {
      const file = `${i}.jsonl`;
      const request = { index, filter: rule.filter, file: join(folder, file), signal };
      const documents = await spoolIndex(options.documents, request, options.log).catch((error: unknown) => {
        throw asTaskError(options, error, index);
      });
      const { uid, primaryKey } = index;
      manifest.push({ uid, primaryKey, settings: committedSettings(index), rule, file, documents });
      hold.release(uid);
    }
  } finally {
    hold.open();
  }
  await writeManifest(folder, manifest);
  return manifest;
}

/** One Meilisearch reports a bad filter as an internal error that names the index. */
function asTaskError(options: GatherOptions, error: unknown, index: IndexRecord): unknown {
  if (!(error instanceof ApiError) || error.code !== 'invalid_document_filter') return error;
  const { message } = options.toLogicalError(error.toBody(), index);
  return new ApiError('internal', message.startsWith('Index `') ? message : `Index \`${index.uid}\`: ${message}`);
}

async function writeManifest(folder: string, manifest: readonly GatheredIndex[]): Promise<void> {
  const temporary = join(folder, `${manifestName}.new`);
  const file = await open(temporary, 'w', 0o600);
  await file
    .writeFile(JSON.stringify(manifest))
    .then(() => file.sync())
    .finally(() => file.close());
  await rename(temporary, join(folder, manifestName));
}
