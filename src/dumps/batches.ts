import { type FileHandle, open } from 'node:fs/promises';
import { ApiError } from '../errors/api-error.ts';

/** Lines of a file, whole, ready to be sent as one NDJSON payload. */
export interface LineBatch {
  body: Buffer;
  lines: number;
  /** Offset in the file just behind them. */
  end: number;
}

/** How large a batch gets, and the longest line there may be. */
export interface BatchLimits {
  bytes: number;
  lines: number;
  maxLineBytes: number;
}

const newline = 0x0a;

/** End of the last whole line among the first `maxLines`, and how many those are. `atEnd`: the text needs no final newline. */
function cut(chunk: Buffer, maxLines: number, atEnd: boolean): { end: number; lines: number } {
  let end = 0;
  let lines = 0;
  while (lines < maxLines && end < chunk.length) {
    const found = chunk.indexOf(newline, end);
    if (found === -1 && !atEnd) break;
    end = found === -1 ? chunk.length : found + 1;
    lines++;
  }
  return { end, lines };
}

async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/**
 * The lines of a file from an offset on, in batches. No more than one batch is in memory; a line longer than a batch makes
 * a batch of its own, one beyond `maxLineBytes` throws `miroir_invalid_dump`.
 */
export async function* lineBatches(path: string, from: number, limits: BatchLimits): AsyncGenerator<LineBatch> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    let wanted = limits.bytes;
    for (let start = from; start < size; ) {
      const chunk = Buffer.allocUnsafe(Math.min(wanted, size - start));
      const filled = await readFully(file, chunk, start);
      const { end, lines } = cut(chunk.subarray(0, filled), limits.lines, start + filled >= size);
      if (end === 0) {
        if (wanted > limits.maxLineBytes) throw tooLong(start, limits.maxLineBytes);
        wanted = Math.min(wanted * 2, limits.maxLineBytes + 1);
        continue;
      }
      const lineEnd = chunk[end - 1] === newline ? 1 : 0;
      if (lines === 1 && end - lineEnd > limits.maxLineBytes) throw tooLong(start, limits.maxLineBytes);
      start += end;
      wanted = limits.bytes;
      yield { body: chunk.subarray(0, end), lines, end: start };
    }
  } finally {
    await file.close();
  }
}

function tooLong(offset: number, limit: number): ApiError {
  return new ApiError(
    'miroir_invalid_dump',
    `The document at byte ${offset} of the unpacked \`documents.jsonl\` is larger than ${limit} bytes (\`server.max_body_bytes\`).`,
  );
}
