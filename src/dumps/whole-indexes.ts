import { exportQueue } from '../export/service.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { ClusterView } from '../placement/view.ts';
import { jobQueue } from '../tasks/active.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { createDumpFolder, type DumpFolder } from './folder.ts';
import type { ReadDocumentsOptions } from './read-documents.ts';
import { dumpQueue } from './service.ts';
import type { StandstillOptions } from './standstill.ts';

/** What jobs need that read whole indexes at one moment: dumps and exports. */
export interface WholeIndexes {
  folder: DumpFolder;
  documents: ReadDocumentsOptions;
  standstill: StandstillOptions;
}

/** Milliseconds a node may take for one page of documents. */
const pageTimeoutMs = 60_000;

/** Wires what reading whole indexes needs. */
export function createWholeIndexes(options: {
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  tasks: TaskEngine;
  config: { dir: string; maxPause: number };
}): WholeIndexes {
  const { view, clients, tasks, config } = options;
  return {
    folder: createDumpFolder(config.dir),
    documents: { view, clients, pageTimeoutMs },
    standstill: {
      active: tasks.active,
      gate: tasks.gate,
      otherQueues: [dumpQueue, exportQueue].map(jobQueue),
      maxDrainMs: config.maxPause,
    },
  };
}
