import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** UTF-16 units gathered before they are written. */
const chunkLength = 128 * 1024;

async function* inChunks(lines: AsyncIterable<string>, onLine: () => void): AsyncGenerator<Buffer> {
  let parts: string[] = [];
  let length = 0;
  for await (const line of lines) {
    onLine();
    parts.push(line, '\n');
    length += line.length + 1;
    if (length < chunkLength) continue;
    yield Buffer.from(parts.join(''));
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.from(parts.join(''));
}

/** Write lines to a file (replacing it) as fast as the disk takes them; returns how many there were. */
export async function spoolLines(path: string, lines: AsyncIterable<string>, signal: AbortSignal): Promise<number> {
  let count = 0;
  const chunks = inChunks(lines, () => {
    count++;
  });
  await pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 1 }), createWriteStream(path), { signal });
  return count;
}
