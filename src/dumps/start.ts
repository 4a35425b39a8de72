import type { DocumentWriteService, DumpService, IndexService, SettingsService } from '../http/services.ts';
import type { Catalog } from '../indexes/catalog.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { ClusterView } from '../placement/view.ts';
import type { KeyRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { jobQueue } from '../tasks/active.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { createDumpJob } from './create.ts';
import { createDumpFolder } from './folder.ts';
import { createImportJob, type ImportFeatures } from './import.ts';
import { cleanFolder, createDumpService, createKind, dumpQueue, importKind } from './service.ts';
import { createTaskWatch } from './task-watch.ts';

/** What dumps are built from. */
export interface DumpOptions {
  store: Store;
  catalog: Catalog;
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  tasks: TaskEngine;
  indexes: Pick<IndexService, 'create' | 'delete'>;
  settings: Pick<SettingsService, 'update'>;
  documents: Pick<DocumentWriteService, 'add'>;
  features: ImportFeatures;
  /** Adds a key unless its uid is known; tells whether it did. */
  restoreKey(key: KeyRecord): Promise<boolean>;
  config: { dir: string; maxImportBytes: number; maxPause: number };
  /** Bytes of the largest document that is imported. */
  maxBodyBytes: number;
  log: Logger;
}

/** Milliseconds a node may take for one page of documents. */
const pageTimeoutMs = 60_000;
/** Size of the batches that an import sends: large enough for the nodes to work well, small enough to stand in memory several times. */
const batchBytes = 4 * 1024 * 1024;
const batchLines = 10_000;
const maxPending = 4;

/** Wires the dump routes with the jobs behind them, after tidying up what earlier processes left. */
export async function startDumps(options: DumpOptions): Promise<DumpService> {
  const { store, catalog, tasks, config, log } = options;
  const folder = createDumpFolder(config.dir);
  await cleanFolder(folder, tasks.active);
  tasks.jobs.register(
    createKind,
    createDumpJob({
      store,
      catalog,
      folder,
      documents: { view: options.view, clients: options.clients, pageTimeoutMs },
      features: () => options.features.get(),
      standstill: {
        active: tasks.active,
        gate: tasks.gate,
        otherQueues: [jobQueue(dumpQueue)],
        maxDrainMs: config.maxPause,
      },
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
      maxBytes: config.maxImportBytes,
    }),
  );
  return createDumpService({ acceptance: tasks.acceptance, folder, maxBytes: config.maxImportBytes });
}
