import { createReadStream, statSync } from 'node:fs';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminTask } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { CtlError, exitCodes } from '../errors.ts';
import { counted, type Output } from '../output.ts';
import type { ProgressBar } from '../progress.ts';

/** What an import is asked for. */
export interface ImportFlags {
  onConflict: string;
  /** FILE is in the server's folder of dumps. */
  onServer?: boolean;
  watch?: boolean;
}

const pollMs = 250;
const bytes = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en');
const mebibytes = (value: number) => `${bytes.format(value / 2 ** 20)} MiB`;

/** Looks at a task until it has ended. */
async function follow(client: AdminClient, uid: number, onLook: (task: AdminTask['task']) => void) {
  for (;;) {
    const { task } = await client.task(uid);
    onLook(task);
    if (task.finishedAt != null) return task;
    await sleep(pollMs);
  }
}

function ended(task: AdminTask['task'], text: string): Output {
  if (task.status === 'succeeded') return { data: task, text };
  const error = task.error as { message?: string } | null;
  return {
    data: task,
    text: `task ${String(task.uid)} ${String(task.status)}${error?.message === undefined ? '' : `: ${error.message}`}`,
    exitCode: exitCodes.failed,
  };
}

/** `miroir-ctl dump create`: write a dump into the server's folder; with `wait`, until it is there. */
export async function dumpCreate(client: AdminClient, wait: boolean, bar: ProgressBar): Promise<Output> {
  const summary = await client.createDump();
  if (!wait)
    return { data: summary, text: `task ${summary.taskUid} writes a dump; see miroir-ctl task ${summary.taskUid}` };
  const started = Date.now();
  const task = await follow(client, summary.taskUid, ({ status }) => {
    const seconds = Math.round((Date.now() - started) / 1_000);
    bar.update({ label: `dump ${String(status)}`, done: seconds, total: null, format: (value) => `${value} s` });
  });
  bar.end();
  const { dumpUid } = (task.details ?? {}) as { dumpUid?: string };
  return ended(task, `wrote ${dumpUid ?? ''}.dump`);
}

function uploadOf(file: string, bar: ProgressBar) {
  let size: number;
  try {
    const found = statSync(file);
    if (!found.isFile()) throw new Error('it is no file');
    size = found.size;
  } catch (error) {
    throw new CtlError(exitCodes.usage, `${file} cannot be read: ${(error as Error).message}`);
  }
  let sent = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      bar.update({ label: 'uploading', done: sent, total: size, format: mebibytes });
      done(null, chunk);
    },
  });
  const source = createReadStream(file);
  source.on('error', (error) => meter.destroy(error));
  return { stream: source.pipe(meter), size };
}

function showImport(bar: ProgressBar, task: AdminTask['task']): void {
  const details = (task.details ?? {}) as {
    phase?: string;
    importedDocuments?: number;
    totalDocuments?: number | null;
  };
  bar.update({
    label: details.phase ?? String(task.status),
    done: details.importedDocuments ?? 0,
    total: details.totalDocuments ?? null,
    format: (value) => `${whole.format(value)} documents`,
  });
}

/** `miroir-ctl dump import FILE`: hand a dump over; with `watch`, show how far it is until it is done. */
export async function dumpImport(
  client: AdminClient,
  file: string,
  flags: ImportFlags,
  bar: ProgressBar,
): Promise<Output> {
  const summary =
    flags.onServer === true
      ? await client.importServerFile(file, flags.onConflict)
      : await client.importDump(uploadOf(file, bar), flags.onConflict);
  bar.end();
  const uid = summary.taskUid;
  if (flags.watch !== true) return { data: summary, text: `task ${uid} imports the dump; see miroir-ctl task ${uid}` };
  const task = await follow(client, uid, (seen) => showImport(bar, seen));
  bar.end();
  const details = (task.details ?? {}) as { importedDocuments?: number; importedIndexes?: number };
  const documents = `${whole.format(details.importedDocuments ?? 0)} documents`;
  return ended(task, `imported ${documents} into ${counted(details.importedIndexes ?? 0, 'index', 'indexes')}`);
}
