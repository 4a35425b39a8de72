import type { DocumentWriteService, DumpService, IndexService, SettingsService } from '../http/services.ts';
import type { Catalog } from '../indexes/catalog.ts';
import type { Logger } from '../observability/log.ts';
import type { KeyRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { createDumpJob } from './create.ts';
import { createImportJob, type ImportFeatures } from './import.ts';
import { cleanFolder, createDumpService, createKind, importKind } from './service.ts';
import { createTaskWatch } from './task-watch.ts';
import type { WholeIndexes } from './whole-indexes.ts';

/** What dumps are built from. */
export interface DumpOptions {
  store: Store;
  catalog: Catalog;
  wholeIndexes: WholeIndexes;
  tasks: TaskEngine;
  indexes: Pick<IndexService, 'create' | 'delete'>;
  settings: Pick<SettingsService, 'update'>;
  documents: Pick<DocumentWriteService, 'add'>;
  features: ImportFeatures;
  /** Adds a key unless its uid is known; tells whether it did. */
  restoreKey(key: KeyRecord): Promise<boolean>;
  maxImportBytes: number;
  /** Bytes of the largest document that is imported. */
  maxBodyBytes: number;
  log: Logger;
}

/** Size of the batches that an import sends: large enough for the nodes to work well, small enough to stand in memory several times. */
const batchBytes = 4 * 1024 * 1024;
const batchLines = 10_000;
const maxPending = 4;

/** Wires the dump routes with the jobs behind them, after tidying up what earlier processes left. */
export async function startDumps(options: DumpOptions): Promise<DumpService> {
  const { store, catalog, tasks, wholeIndexes, log } = options;
  const { folder } = wholeIndexes;
  await cleanFolder(folder, tasks.active);
  tasks.jobs.register(
    createKind,
    createDumpJob({
      store,
      catalog,
      ...wholeIndexes,
      features: () => options.features.get(),
      log,
    }),
  );
  tasks.jobs.register(
    importKind,
    createImportJob({
      catalog,
      folder,
      indexes: options.indexes,
      settings: options.settings,
      documents: options.documents,
      features: options.features,
      restoreKey: options.restoreKey,
      tasks: createTaskWatch({ store, active: tasks.active }),
      batch: { bytes: batchBytes, lines: batchLines, maxLineBytes: options.maxBodyBytes },
      maxPending,
      maxBytes: options.maxImportBytes,
    }),
  );
  return createDumpService({ acceptance: tasks.acceptance, folder, maxBytes: options.maxImportBytes });
}
