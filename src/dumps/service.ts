import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError } from '../errors/api-error.ts';
import type { DumpService, WriteAnswer } from '../http/services.ts';
import { type Acceptance, settledPlan } from '../tasks/acceptance.ts';
import { type ActiveTasks, jobQueue } from '../tasks/active.ts';
import type { Job } from '../tasks/effect.ts';
import { type DumpFolder, shownName } from './folder.ts';
import { type ConflictRule, type ImportInput, initialDetails } from './import-state.ts';

/** What the dump routes are built from. */
export interface DumpServiceOptions {
  acceptance: Pick<Acceptance, 'accept'>;
  folder: DumpFolder;
  /** Bytes of an upload. */
  maxBytes: number;
}

/** The queue in which dumps are written and imported, one after the other. */
export const dumpQueue = 'dumps';
/** Kinds of jobs. */
export const createKind = 'dump-create';
export const importKind = 'dump-import';

const gzipMagic = Buffer.from([0x1f, 0x8b]);

async function requireGzip(file: string): Promise<void> {
  const handle = await open(file, 'r');
  const head = Buffer.alloc(gzipMagic.length);
  await handle.read(head, 0, head.length, 0).finally(() => handle.close());
  if (!head.equals(gzipMagic)) {
    throw new ApiError('miroir_invalid_dump', 'The file is no Meilisearch dump: it is not compressed with gzip.');
  }
}

function limited(maxBytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= maxBytes) return done(null, chunk);
      const message = `The dump is larger than ${maxBytes} bytes (\`dumps.max_import_bytes\`).`;
      return done(new ApiError('payload_too_large', message));
    },
  });
}

/** The routes of dumps: each request becomes one task, whose job does the work. */
export function createDumpService({ acceptance, folder, maxBytes }: DumpServiceOptions): DumpService {
  function enqueue(type: string, kind: string, input: object, details: object): Promise<WriteAnswer> {
    const job: Job = { kind, queue: dumpQueue, input: { ...input } };
    return acceptance.accept(jobQueue(dumpQueue), async () =>
      settledPlan({ type, indexUid: null, details: { ...details }, verdict: null, effect: { job } }),
    );
  }

  function enqueueImport(input: ImportInput): Promise<WriteAnswer> {
    return enqueue('dumpImport', importKind, input, initialDetails(shownName(input.file)));
  }

  /** Gathers a request's body in the folder; a body that is cut short leaves nothing behind. */
  async function receive(body: Readable): Promise<string> {
    await folder.create();
    const file = folder.upload(randomUUID());
    try {
      await pipeline(body, limited(maxBytes), createWriteStream(file, { flush: true }));
      await requireGzip(file);
    } catch (error) {
      await rm(file, { force: true });
      if (error instanceof ApiError) throw error;
      throw new ApiError('miroir_invalid_dump', `The dump did not arrive whole: ${(error as Error).message}.`);
    }
    return file;
  }

  return {
    create: () => enqueue('dumpCreation', createKind, {}, { dumpUid: null }),
    async importUpload(body: Readable, onConflict: ConflictRule) {
      const file = await receive(body);
      try {
        const answer = await enqueueImport({ file, uploaded: true, onConflict });
        if (answer.replayed === true) await rm(file, { force: true });
        return answer;
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
    },
    async importFile(name: string, onConflict: ConflictRule) {
      const file = await folder.existing(name);
      await requireGzip(file);
      return enqueueImport({ file, uploaded: false, onConflict });
    },
  };
}

/** Delete what jobs and uploads of earlier processes left, but not what jobs that are still to be done need. */
export async function cleanFolder(folder: DumpFolder, active: Pick<ActiveTasks, 'all'>): Promise<void> {
  const jobs = [...active.all()].filter((task) => task.effect.job !== undefined);
  const uploads = jobs.flatMap((task) => {
    const { file } = (task.effect.job?.input ?? {}) as Partial<ImportInput>;
    return file === undefined ? [] : [basename(file)];
  });
  await folder.clean({ taskUids: new Set(jobs.map((task) => task.record.uid)), files: new Set(uploads) });
}
