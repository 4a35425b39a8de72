import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

/** One file of an archive: its text, or the file on disk that has it. */
export type ArchiveEntry =
  | { path: string; text: string }
  | { path: string; file: string }
  | { path: string; folder: true };

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

/**
 * Write a gzipped tar of these entries, in order. It stands at `target` only once it is whole and on disk; until then
 * at `temporary`, in the same folder.
 */
export async function writeArchive(
  entries: Iterable<ArchiveEntry>,
  { target, temporary, signal }: { target: string; temporary: string; signal: AbortSignal },
): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createGzip(), createWriteStream(temporary, { flush: true }), { signal });
  // What breaks the pipe is reported by `written`; the feeding below then merely stops.
  const fed = feed(archive, entries).catch((error: unknown) => archive.destroy(error as Error));
  await Promise.all([written, fed]);
  await rename(temporary, target);
  await syncFolder(dirname(target));
}

async function feed(archive: ReturnType<typeof pack>, entries: Iterable<ArchiveEntry>): Promise<void> {
  for (const entry of entries) {
    if ('folder' in entry) archive.entry({ name: entry.path, type: 'directory' });
    else if ('text' in entry) archive.entry({ name: entry.path }, entry.text);
    else {
      const { size } = await stat(entry.file);
      await pipeline(createReadStream(entry.file), archive.entry({ name: entry.path, size }));
    }
  }
  archive.finalize();
}
