import type { DumpFolder } from '../dumps/folder.ts';
import type { ExportService } from '../http/services.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import type { GatherOptions } from './gather.ts';
import { createExportJob } from './job.ts';
import { createExportService, exportKind } from './service.ts';

const firstPauseMs = 500;

/** Wires the route of exports with the job behind it. */
export function startExports(
  options: GatherOptions & { tasks: TaskEngine; folder: Pick<DumpFolder, 'workFolder'> },
): ExportService {
  options.tasks.jobs.register(exportKind, createExportJob({ ...options, firstPauseMs }));
  return createExportService(options.tasks.acceptance);
}
