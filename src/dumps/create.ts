import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '../indexes/catalog.ts';
import { committedSettings } from '../indexes/settings/accepted.ts';
import { hiddenDefaults } from '../indexes/settings/defaults.ts';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Hold } from '../tasks/gate.ts';
import type { JobRun } from '../tasks/jobs.ts';
import { type ArchiveEntry, writeArchive } from './archive.ts';
import type { DumpFolder } from './folder.ts';
import { dumpUid, metadataText, paths } from './format.ts';
import { keyLine } from './key-lines.ts';
import type { ReadDocumentsOptions } from './read-documents.ts';
import { spoolLines } from './spool.ts';
import { spoolIndex } from './spool-index.ts';
import { type StandstillOptions, standStill } from './standstill.ts';
import { taskLine } from './task-lines.ts';

/** What writing dumps is built from. */
export interface CreateDumpOptions {
  store: Store;
  catalog: Catalog;
  folder: DumpFolder;
  documents: ReadDocumentsOptions;
  /** The object of `GET /experimental-features` as JSON text. */
  features(): string;
  standstill: StandstillOptions;
  log: Logger;
}

const tasksAtATime = 1_000;
const endedStatuses = ['succeeded', 'failed', 'canceled'] as const;

function settingsText(index: IndexRecord): string {
  return JSON.stringify({ ...committedSettings(index), ...missingHidden(committedSettings(index)) });
}

/** A dump has every setting, also those that `GET /settings` leaves out. */
function missingHidden(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(hiddenDefaults()).filter(([name]) => !(name in settings)));
}

function indexMetadata({ uid, primaryKey, createdAt, updatedAt }: IndexRecord): string {
  return JSON.stringify({ uid, primaryKey, createdAt, updatedAt });
}

async function* endedTaskLines(store: Store): AsyncGenerator<string> {
  const statuses = [...endedStatuses];
  for (let from: number | undefined; ; ) {
    const page = await store.tasks({
      statuses,
      limit: tasksAtATime,
      reverse: true,
      ...(from === undefined ? {} : { from }),
    });
    for (const record of page.records) {
      const line = taskLine(record);
      if (line !== null) yield line;
    }
    if (page.next === null) return;
    from = page.next;
  }
}

async function keyLines(store: Store): Promise<string> {
  const newestFirst = (await store.keys()).reverse();
  return newestFirst.map((key) => `${keyLine(key)}\n`).join('');
}

/** Builds the job that writes a dump. It can be run again from the start at any time: only a whole dump gets its name. */
export function createDumpJob(options: CreateDumpOptions): (run: JobRun) => Promise<Record<string, unknown>> {
  const { store, catalog, folder } = options;

  /** Spools every index, letting writes to each in again as soon as it is read. */
  async function spoolIndexes(hold: Hold, work: string, signal: AbortSignal): Promise<ArchiveEntry[]> {
    const indexes = catalog.listVisible();
    const entries: ArchiveEntry[] = [{ path: paths.indexes, folder: true }];
    for (const [i, index] of indexes.entries()) {
      const file = join(work, `${i}.jsonl`);
      await spoolIndex(options.documents, { index, filter: null, file, signal }, options.log);
      hold.release(index.uid);
      entries.push(
        { path: paths.index(index.uid, 'documents.jsonl'), file },
        { path: paths.index(index.uid, 'metadata.json'), text: indexMetadata(index) },
        { path: paths.index(index.uid, 'settings.json'), text: settingsText(index) },
      );
    }
    return entries;
  }

  async function write(run: JobRun, work: string): Promise<string> {
    const { signal } = run;
    const hold = await standStill(options.standstill, run.taskUid, signal);
    let entries: ArchiveEntry[];
    const tasks = join(work, 'tasks.jsonl');
    try {
      await spoolLines(tasks, endedTaskLines(store), signal);
      const keys = await keyLines(store);
      entries = [{ path: paths.keys, text: keys }, ...(await spoolIndexes(hold, work, signal))];
    } finally {
      hold.open();
    }
    const uid = dumpUid(run.startedAt);
    await writeArchive(
      [
        { path: paths.metadata, text: metadataText(run.startedAt) },
        { path: paths.features, text: options.features() },
        ...entries,
        { path: paths.updateFiles, folder: true },
        { path: paths.tasks, file: tasks },
      ],
      { target: folder.dump(uid), temporary: join(work, 'archive'), signal },
    );
    return uid;
  }

  return async (run) => {
    const work = folder.workFolder(run.taskUid);
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    try {
      return { dumpUid: await write(run, work) };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  };
}
